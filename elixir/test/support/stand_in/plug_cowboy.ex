# The real Cowboy, that of Debian's rabbitmq-server, behind the functions of Plug.Cowboy that are
# used.

defmodule Plug.Cowboy do
  @moduledoc false

  @compile {:no_warn_undefined, [:cowboy_router, :ranch]}

  def child_spec(options) do
    {plug, plug_options} = Keyword.fetch!(options, :plug)
    # As in Phoenix there may be bare atoms among them: `[:inet6, port: 4000]`.
    options = Keyword.fetch!(options, :options)
    ref = :proplists.get_value(:ref, options)
    options = Enum.reject(options, &(is_tuple(&1) and elem(&1, 0) in [:ref, :otp_app]))

    dispatch =
      :cowboy_router.compile([{:_, [{:_, Plug.Cowboy.Handler, {plug, plug.init(plug_options)}}]}])

    transport = %{num_acceptors: 2, socket_opts: options}
    :ranch.child_spec(ref, :ranch_tcp, transport, :cowboy_clear, %{env: %{dispatch: dispatch}})
  end

  @doc """
  Starts Cowboy, from where rabbitmq-server has it.
  """
  def start! do
    for library <- ~w(cowboy cowlib ranch), do: Code.append_path(beams(library))
    {:ok, _started} = Application.ensure_all_started(:cowboy)
    :ok
  end

  defp beams(library) do
    plugins = "/usr/lib/rabbitmq/lib/*/plugins/#{library}-"

    case Path.wildcard(plugins <> "*/ebin") ++ Path.wildcard(plugins <> "*.ez") do
      [] ->
        raise "no #{library} in /usr/lib/rabbitmq: install rabbitmq-server"

      [found | _others] ->
        # An archive holds one folder of its own name.
        if Path.extname(found) == ".ez",
          do: Path.join([found, Path.basename(found, ".ez"), "ebin"]),
          else: found
    end
  end
end

defmodule Plug.Cowboy.Handler do
  @moduledoc false
  # Calls the plug with as much of a conn as is used, and does what the endpoint says.

  @compile {:no_warn_undefined, [:cowboy_req]}

  def init(request, {plug, options}) do
    conn = %{
      host: :cowboy_req.host(request),
      path: :cowboy_req.path(request),
      request_path: :cowboy_req.path(request),
      req_headers: Map.to_list(:cowboy_req.headers(request)),
      # As Plug has it for a Unix socket.
      remote_ip: with({ip, _port} when ip != :local <- :cowboy_req.peer(request), do: ip)
    }

    case plug.call(conn, options) do
      {:upgrade, module} ->
        {:cowboy_websocket, request, module}

      {:reply, headers, text} ->
        {:ok, :cowboy_req.reply(200, headers, text, request), plug}
    end
  end

  def websocket_init(module), do: {[{:text, inspect(module)}], module}
  def websocket_handle({:text, text}, module), do: {[{:text, text}], module}
  def websocket_handle(_frame, module), do: {[], module}
  def websocket_info(_message, module), do: {[], module}
end
