# The real Cowboy, that of Debian's rabbitmq-server, behind the functions of Plug.Cowboy that are
# used.

defmodule Plug.Cowboy do
  @moduledoc false

  @compile {:no_warn_undefined, [:cowboy_router, :ranch]}

  def child_spec(options) do
    {plug, _plug_options} = Keyword.fetch!(options, :plug)
    # As in Phoenix there may be bare atoms among them: `[:inet6, port: 4000]`.
    options = Keyword.fetch!(options, :options)
    ref = :proplists.get_value(:ref, options)
    options = Enum.reject(options, &(is_tuple(&1) and elem(&1, 0) in [:ref, :otp_app]))
    dispatch = :cowboy_router.compile([{:_, [{:_, Plug.Cowboy.Handler, plug}]}])
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
  # Says who answers; a WebSocket says every message again.

  @compile {:no_warn_undefined, [:cowboy_req]}

  def init(request, module) do
    case :cowboy_req.path(request) do
      "/live/websocket" ->
        {:cowboy_websocket, request, module}

      path ->
        text = "#{inspect(module)} #{:cowboy_req.host(request)} #{path}\n"
        {:ok, :cowboy_req.reply(200, %{"content-type" => "text/plain"}, text, request), module}
    end
  end

  def websocket_init(module), do: {[{:text, inspect(module)}], module}
  def websocket_handle({:text, text}, module), do: {[{:text, text}], module}
  def websocket_handle(_frame, module), do: {[], module}
  def websocket_info(_message, module), do: {[], module}
end
