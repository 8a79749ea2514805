# Endpoints for a node: each is a module with Phoenix's behaviour, a supervisor registered under the
# module's name, and Cowboy below it. Phoenix itself is not here; what discovery asks of it is.
#
# Requires nothing but Cowboy on the code path. Whatever runs on the node calls `Serving.start/3`.

defmodule Serving.Page do
  def init(request, module) do
    body = "#{node()} #{inspect(module)} #{:cowboy_req.host(request)}"
    {:ok, :cowboy_req.reply(200, %{"content-type" => "text/plain"}, body, request), module}
  end
end

defmodule Serving do
  # The applications' own supervisor, which starts again what ends.
  def boot do
    {:ok, _} = Application.ensure_all_started(:cowboy)
    options = [strategy: :one_for_one, max_restarts: 1000, name: Serving.Top]
    keeper = self()

    spawn(fn ->
      {:ok, _} = Supervisor.start_link([], options)
      send(keeper, :booted)
      Process.sleep(:infinity)
    end)

    receive do
      :booted -> :ok
    end
  end

  # Starts `module` with `url: [host: host]`; `options` may have `ip`, `port` and `server_info: false`,
  # as before Phoenix 1.7. Gives the port.
  def start(module, host, options \\ []) do
    unless Process.whereis(Serving.Top), do: boot()
    unless :erlang.module_loaded(module), do: define(module, options)
    child = {Serving, :start_endpoint, [module, host, options]}
    spec = %{id: module, start: child, type: :supervisor, restart: :permanent}
    {:ok, _} = Supervisor.start_child(Serving.Top, spec)
    :ranch.get_port(reference(module))
  end

  def stop(module) do
    :ok = Supervisor.terminate_child(Serving.Top, module)
    :ok = Supervisor.delete_child(Serving.Top, module)
    :persistent_term.erase({Serving, module})
    :ok
  end

  def start_endpoint(module, host, options) do
    ip = Keyword.get(options, :ip, {127, 0, 0, 1})
    port = Keyword.get(options, :port, 0)

    config = %{
      url: [host: host, path: "/"],
      http: [ip: ip, port: port],
      adapter: Phoenix.Endpoint.Cowboy2Adapter
    }

    :persistent_term.put({Serving, module}, config)
    dispatch = :cowboy_router.compile([{:_, [{:_, Serving.Page, module}]}])
    transport = %{socket_opts: [ip: ip, port: port], num_acceptors: 2}
    protocol = %{env: %{dispatch: dispatch}}
    listener = :ranch.child_spec(reference(module), :ranch_tcp, transport, :cowboy_clear, protocol)
    Supervisor.start_link([listener], strategy: :one_for_one, name: module)
  end

  def config(module, key), do: Map.get(:persistent_term.get({Serving, module}), key)

  def server_info(module, :http) do
    {:ok, :ranch.get_addr(reference(module))}
  rescue
    error -> {:error, Exception.message(error)}
  end

  defp reference(module), do: Module.concat(module, HTTP)

  defp define(module, options) do
    server_info =
      if Keyword.get(options, :server_info, true) do
        quote do
          def server_info(scheme), do: Serving.server_info(__MODULE__, scheme)
        end
      end

    contents =
      quote do
        Module.register_attribute(__MODULE__, :behaviour, persist: true, accumulate: true)
        @behaviour Phoenix.Endpoint
        def config(key), do: Serving.config(__MODULE__, key)
        unquote(server_info)
      end

    Code.put_compiler_option(:ignore_module_conflict, true)
    Module.create(module, contents, Macro.Env.location(__ENV__))
  end
end
