defmodule ExServiceMeshRouter.TenantPlug do
  @moduledoc """
  Sets `conn.assigns.tenant` from the host, and a LiveView's from its page.

      # in the router
      pipeline :browser do
        …
        plug ExServiceMeshRouter.TenantPlug, base: :endpoint
      end

  A request to `tenant1.auth.local` has `conn.assigns.tenant == "tenant1"`, one to `auth.local` has
  `nil`. The tenant is what the client wrote into the host, parsed by `Router.Shared.TenantResolver`:
  whether there is such a tenant, and whether this user belongs to it, is for the app to say.

  ## Options

    * `:base` - required: below what tenants are. A host (`"auth.local"`), the module of an endpoint
      for the hosts that lead to it, `:endpoint` for the endpoint that the request came through, or a
      list of these.
    * `:assign` - the key in `assigns`, `:tenant` where it isn't given.
    * `:without_tenant` - what becomes of a request without a tenant, in whose assigns is `nil`:
        * `:continue` - it goes on (the default);
        * `:not_found` - it is answered with 404 and halted;
        * `{module, function, args}` or a `&Module.function/1` - is given the conn (before `args`) and
          returns one. Plugs are compiled, so that a function without a name won't do.

  Any other option raises.

  ## LiveView

  A LiveView is mounted twice: when its page is rendered, where a conn with its host is at hand, and
  when the page's socket joins. There the client says itself what its URL is, so that
  `socket.host_uri`, and the `uri` of `c:Phoenix.LiveView.handle_params/3`, may hold any host that it
  likes. So the tenant goes into the page's signed session, and is taken from there:

      live_session :default,
        session: {ExServiceMeshRouter.TenantPlug, :session, []},
        on_mount: ExServiceMeshRouter.TenantPlug do
        live "/", HomeLive
      end

  `@tenant` is then what `conn.assigns.tenant` was. The plug must be in the pipeline.

  `on_mount: {ExServiceMeshRouter.TenantPlug, options}` knows these options:

    * `:assign` - as above, for the conn's assigns and the socket's. Give it to `session` too:
      `{ExServiceMeshRouter.TenantPlug, :session, [[assign: :shop]]}`.
    * `:without_tenant` - `:continue`, `:not_found` (the client gets a page with status 404), or a
      function that is given the socket and returns `{:cont, socket}` or `{:halt, socket}`. LiveViews
      of one `live_session` are reached from one another without any plug, so that what a plug refuses
      has to be refused here too.
    * `:check_uri` - whether a socket that was opened at another host than the page's is refused, `true`
      where it isn't given. It takes effect where the endpoint's socket has `:uri` among its
      `connect_info`, as in `websocket: [connect_info: [:uri, session: @session_options]]`. Set it to
      `false` if something between browser and endpoint changes `Host`.

  A socket that is refused gets a page with status 403. (An `on_mount` that halts has to redirect, and a
  page that redirects to itself because its socket is set up wrongly would never stop doing so.)

  A nested LiveView has a session of its own:

      live_render(@socket, CartLive, id: "cart", session: ExServiceMeshRouter.TenantPlug.session(@socket))

  and `on_mount ExServiceMeshRouter.TenantPlug` in its module.
  """

  alias ExServiceMeshRouter.{Host, Optional, TenantError}
  alias Router.Shared.TenantResolver

  # What the page's session calls ours.
  @session_key "ex_service_mesh_router"

  @plug_options [:base, :assign, :without_tenant]
  @session_options [:assign]
  @mount_options [:assign, :without_tenant, :check_uri]

  @doc false
  def init(options) do
    options = known!(options, @plug_options)
    base = Map.get_lazy(options, :base, fn -> raise ArgumentError, base_missing() end)
    base!(base)
    options
  end

  @doc false
  def call(conn, %{base: base, assign: assign, without_tenant: without_tenant}) do
    case TenantResolver.resolve(conn.host, bases(base, conn)) do
      {:ok, tenant} -> assign(conn, assign, tenant)
      :error -> conn |> assign(assign, nil) |> without_tenant(without_tenant)
    end
  end

  @doc """
  Returns the part of a page's session that holds the tenant, for `live_session` and `live_render`.

  Takes the conn that went through the plug, for which `:assign` is an option, or the socket of the
  LiveView around a nested one.
  """
  @spec session(map(), keyword()) :: %{String.t() => map()}
  def session(conn_or_socket, options \\ []) do
    %{assign: assign} = known!(options, @session_options)

    case conn_or_socket do
      # While a LiveView renders, its socket has no assigns.
      %{private: %{ex_service_mesh_router: {tenant, host}}} ->
        to_session(tenant, host)

      %{host: host, assigns: %{^assign => tenant}} ->
        to_session(tenant, host)

      _ ->
        raise ArgumentError,
              "no tenant was assigned#{if assign != :tenant, do: " as #{inspect(assign)}"}: put " <>
                "`plug #{inspect(__MODULE__)}, base: :endpoint` into the pipeline of this route, or " <>
                "`on_mount #{inspect(__MODULE__)}` into the LiveView around a nested one"
    end
  end

  @doc false
  def on_mount(options, _params, session, socket) do
    options = if options == :default, do: [], else: options
    options = known!(options, @mount_options)
    {tenant, host} = from_session!(session)
    if options.check_uri, do: check_uri!(socket, tenant, host)

    private = Map.put(socket.private, :ex_service_mesh_router, {tenant, host})
    socket = %{socket | private: private}
    socket = Optional.call(Phoenix.Component, :assign, [socket, options.assign, tenant])
    if tenant, do: {:cont, socket}, else: mount_without_tenant(socket, options.without_tenant)
  end

  # Plug

  defp assign(conn, key, value), do: %{conn | assigns: Map.put(conn.assigns, key, value)}

  defp without_tenant(conn, :continue), do: conn

  defp without_tenant(conn, :not_found) do
    content_type = "text/plain; charset=utf-8"
    conn = Optional.call(Plug.Conn, :put_resp_header, [conn, "content-type", content_type])
    conn = Optional.call(Plug.Conn, :send_resp, [conn, 404, "Not Found"])
    Optional.call(Plug.Conn, :halt, [conn])
  end

  defp without_tenant(conn, function), do: call_with(conn, function)

  defp call_with(it, {module, function, args}), do: apply(module, function, [it | args])
  defp call_with(it, function), do: function.(it)

  @doc false
  # The hosts that a base stands for, at least one.
  def bases(bases, conn) when is_list(bases), do: Enum.flat_map(bases, &bases(&1, conn))
  def bases(base, _conn) when is_binary(base), do: [base]

  def bases(:endpoint, conn) do
    case conn.private do
      %{phoenix_endpoint: endpoint} ->
        bases(endpoint, conn)

      _ ->
        raise ArgumentError,
              "`base: :endpoint` of #{inspect(__MODULE__)}, and the request came through no Phoenix " <>
                "endpoint: give a host or the endpoint's module instead"
    end
  end

  def bases(endpoint, _conn) do
    with [] <- Host.bases(endpoint) do
      raise ArgumentError,
            "#{inspect(endpoint)} has no host that its tenants could be below. In production, say it: " <>
              "`config #{inspect(endpoint.config(:otp_app))}, #{inspect(endpoint)}, url: [host: " <>
              "\"auth.example.org\"]` (PHX_HOST, in a generated config/runtime.exs), or give " <>
              "#{inspect(__MODULE__)} a `base:`"
    end
  end

  # LiveView

  defp to_session(tenant, host), do: %{@session_key => %{"tenant" => tenant, "host" => host}}

  defp from_session!(session) do
    case session do
      %{@session_key => %{"tenant" => tenant, "host" => host}} ->
        {tenant, host}

      _ ->
        raise ArgumentError,
              "the page's session holds no tenant: write `live_session …, session: " <>
                "{#{inspect(__MODULE__)}, :session, []}` in the router, or for a nested LiveView " <>
                "`live_render(…, session: #{inspect(__MODULE__)}.session(@socket))`"
    end
  end

  # The URI is the one of the request that opened the socket, which the client can't choose apart from
  # the Host that led it here.
  defp check_uri!(socket, tenant, host) do
    # A nested LiveView that is rendered with its page has no connection to ask about.
    with %{connect_info: info} when info != nil <- socket.private,
         %{host: opened} when opened != nil <-
           Optional.call(Phoenix.LiveView, :get_connect_info, [socket, :uri]),
         false <- TenantResolver.same_host?(opened, host) do
      raise TenantError,
        message:
          "a socket opened at #{inspect(opened)} joins a page of #{inspect(host)} (tenant " <>
            "#{inspect(tenant)}): does the page's LiveSocket connect to another host?",
        plug_status: 403
    end
  end

  defp mount_without_tenant(socket, :continue), do: {:cont, socket}

  defp mount_without_tenant(_socket, :not_found) do
    raise TenantError, message: "this page needs a tenant in its host", plug_status: 404
  end

  defp mount_without_tenant(socket, function), do: call_with(socket, function)

  # Options

  defp known!(options, known) do
    Keyword.keyword?(options) ||
      raise ArgumentError,
            "options of #{inspect(__MODULE__)} are a keyword list, not #{inspect(options)}"

    for {key, value} <- options do
      key in known || raise ArgumentError, unknown(key, known)
      value!(key, value)
    end

    Map.merge(%{assign: :tenant, without_tenant: :continue, check_uri: true}, Map.new(options))
  end

  defp unknown(key, known) do
    name = Atom.to_string(key)
    nearest = Enum.max_by(known, &String.jaro_distance(Atom.to_string(&1), name))

    hint =
      if String.jaro_distance(Atom.to_string(nearest), name) > 0.7,
        do: "did you mean #{inspect(nearest)}?",
        else: "it knows #{Enum.map_join(known, ", ", &inspect/1)}"

    "unknown option #{inspect(key)} of #{inspect(__MODULE__)}: #{hint}"
  end

  defp value!(:assign, key) when is_atom(key) and key != nil, do: :ok
  defp value!(:check_uri, value) when is_boolean(value), do: :ok
  defp value!(:without_tenant, value) when value in [:continue, :not_found], do: :ok
  defp value!(:without_tenant, function) when is_function(function, 1), do: :ok

  defp value!(:without_tenant, {module, function, args})
       when is_atom(module) and is_atom(function) and is_list(args),
       do: :ok

  defp value!(:base, base), do: base!(base)

  defp value!(key, value) do
    raise ArgumentError,
          "option #{inspect(key)} of #{inspect(__MODULE__)} can't be #{inspect(value)}"
  end

  defp base!([_ | _] = bases), do: Enum.each(bases, &base!/1)
  defp base!(:endpoint), do: :ok

  defp base!(base) when is_binary(base) do
    TenantResolver.host?(base) ||
      raise ArgumentError, "base #{inspect(base)} of #{inspect(__MODULE__)} is no host"
  end

  defp base!(base) do
    module? = is_atom(base) and match?("Elixir." <> _, Atom.to_string(base))
    module? || raise ArgumentError, "#{base_missing()}; #{inspect(base)} is none of these"
  end

  defp base_missing do
    "#{inspect(__MODULE__)} needs `base:`, below what tenants are: a host, an endpoint's module, " <>
      "`:endpoint`, or a list of these"
  end
end
