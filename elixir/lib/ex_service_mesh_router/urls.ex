defmodule ExServiceMeshRouter.Urls do
  @moduledoc false
  # What the package changes in the configuration of endpoints: the addresses that they write into
  # pages and mails and accept as origins, and whether they open a port of their own.

  alias ExServiceMeshRouter.{Name, Options, PhoenixEndpoint}

  # What `phx.new` writes until somebody chooses.
  @placeholders [nil, "localhost"]

  @changed [:url, :static_url, :check_origin]

  # What is looked at. The rest has secrets, and what a process is given may end up in a log.
  @read [:http, :server | @changed]

  @doc """
  Changes the configuration of endpoints that have not started yet, and of those that have for their
  next start. Returns what the package reads of the configuration, as it was before.
  """
  @spec prepare([{atom(), module()}], Options.t()) :: %{module() => keyword()}
  def prepare(endpoints, %Options{} = options) do
    hosts = hosts(endpoints, options)

    Map.new(endpoints, fn {app, module} ->
      original = original(app, module)

      put(
        app,
        module,
        original,
        changes(original, hosts[module], List.first(options.ports), for_module(module, options))
      )

      {module, Keyword.take(original, @read)}
    end)
  end

  # Nothing is taken back when the package stops, since an environment can't be changed just then. So
  # what is found at the next start may be what was put there.
  defp original(app, module) do
    config = Application.get_env(app, module, [])

    case :persistent_term.get({__MODULE__, module}, nil) do
      {original, ^config} -> original
      _none -> config
    end
  end

  @doc """
  Returns the host that each endpoint gets in development.
  """
  @spec hosts([{atom(), module()}], Options.t()) :: %{module() => String.t()}
  def hosts(endpoints, %Options{development?: true, urls: :gateway} = options) do
    for {module, label} <- Name.labels(endpoints), into: %{} do
      {module, "#{label}.#{options.domain}"}
    end
  end

  def hosts(_endpoints, _options), do: %{}

  @doc """
  Brings the addresses of a running endpoint up to date, and those for its next start. `host` is
  `nil` where the gateway has no name of development for it, and `prepared` the one that
  `prepare/2` had thought of.
  """
  @spec update(
          {atom(), module()},
          keyword(),
          %{prepared: host, host: host, port: port},
          Options.t()
        ) ::
          :ok
        when host: String.t() | nil, port: :inet.port_number() | nil
  def update({app, module}, original, %{prepared: prepared, host: host, port: port}, options) do
    changes = changes(original, host, port, for_module(module, options))
    put(app, module, original(app, module), changes)

    with config when is_list(config) <- PhoenixEndpoint.running_config(module),
         # An `init/2` of its own may know better.
         true <- host(config) in [host(original), prepared, host],
         wanted = wanted(original, changes),
         true <- Enum.any?(wanted, fn {key, value} -> sorted(config[key]) != sorted(value) end) do
      # All of it, since a key that is left out is deleted.
      module.config_change([{module, Keyword.merge(config, wanted)}], [])
    end

    :ok
  rescue
    # It has stopped just now, and its next start finds the environment changed.
    ArgumentError -> :ok
  catch
    :exit, _why -> :ok
  end

  defp for_module(module, options),
    do: if(PhoenixEndpoint.private?(module), do: options, else: %{options | private: :never})

  # `http:` is read at the start alone. What is left out here is as Phoenix has it by default.
  defp wanted(original, changes) do
    [static_url: nil, check_origin: true, url: []]
    |> Keyword.merge(Keyword.take(original, @changed))
    |> Keyword.merge(Keyword.take(changes, @changed))
    |> Keyword.update!(:url, &Keyword.merge([host: "localhost", path: "/"], &1))
  end

  defp host(config) do
    case config[:url] do
      url when is_list(url) -> Keyword.get(url, :host, "localhost")
      _none -> "localhost"
    end
  end

  defp sorted(value) when is_list(value), do: Enum.sort(value)
  defp sorted(value), do: value

  defp put(app, module, original, changes) do
    config = Keyword.merge(original, changes)

    if Application.get_env(app, module, []) != config do
      Application.put_env(app, module, config)
      :persistent_term.put({__MODULE__, module}, {original, config})
    end
  end

  @doc """
  Returns what is to be changed in an endpoint's configuration.
  """
  @spec changes(keyword(), String.t() | nil, :inet.port_number() | nil, Options.t()) :: keyword()
  def changes(original, host, port, options) do
    own_port? = own_port?(original, options)
    close = if own_port?, do: [], else: [http: false]
    if host, do: addresses(original, host, port, own_port?) ++ close, else: close
  end

  # An endpoint that has a port keeps it unless that is the gateway's.
  defp own_port?(original, options) do
    http = Keyword.get(original, :http, false)

    not PhoenixEndpoint.serves?(original) or http in [nil, false] or
      options.private == :never or
      (options.private == :needed and PhoenixEndpoint.http_port(http) not in options.ports)
  end

  defp addresses(original, host, port, own_port?) do
    url = original[:url] || []
    # A port of its own that nothing listens at leads nowhere.
    private? = not own_port? or original[:http] in [nil, false]

    cond do
      not is_list(url) or Keyword.get(url, :scheme, "http") != "http" ->
        []

      placeholder?(url) ->
        [url: at(url, host, port)] ++ static(original, host, port) ++ origin(original, [host])

      private? and port != nil ->
        [url: Keyword.put(url, :port, port)] ++ origin(original, [url[:host], host])

      true ->
        origin(original, [url[:host], host])
    end
  end

  defp static(original, host, port) do
    case original[:static_url] do
      url when is_list(url) ->
        if placeholder?(url), do: [static_url: at(url, host, port)], else: []

      _none ->
        []
    end
  end

  # By default a socket's origin has to be the very host of `url:`. The name of development leads to
  # the endpoint too, and tenants have hosts below either.
  defp origin(original, hosts) do
    if Keyword.get(original, :check_origin, true) == true do
      hosts = for host <- hosts, is_binary(host), uniq: true, do: host
      [check_origin: Enum.flat_map(hosts, &["//#{&1}", "//*.#{&1}"])]
    else
      []
    end
  end

  defp placeholder?(url), do: is_list(url) and Keyword.get(url, :host) in @placeholders

  defp at(url, host, nil), do: Keyword.merge(url, host: host, scheme: "http")
  defp at(url, host, port), do: Keyword.merge(url, host: host, scheme: "http", port: port)
end
