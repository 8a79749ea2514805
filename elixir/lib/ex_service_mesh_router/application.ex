defmodule ExServiceMeshRouter.Application do
  @moduledoc false
  use Application

  require Logger

  alias ExServiceMeshRouter.{
    Cluster,
    Endpoints,
    Gateway,
    Options,
    PhoenixEndpoint,
    Private,
    Tasks,
    Urls
  }

  @impl true
  def start(_type, _arguments) do
    # Whatever is wrong with the gateway, the applications go on.
    case Options.read(Options.surroundings()) do
      {:ok, %Options{enabled?: true} = options} ->
        run(options)

      {:ok, _options} ->
        start_link([])

      {:error, why} ->
        Logger.error("config :ex_service_mesh_router: #{why}; no gateway is started")
        start_link([])
    end
  end

  @impl true
  def stop(_state), do: Private.Folder.leave()

  defp run(options) do
    Private.Folder.clean()
    if options.surroundings.env, do: PhoenixEndpoint.load_umbrella()
    endpoints = PhoenixEndpoint.all()
    # Before the endpoints read it, as far as they start after this.
    originals = Urls.prepare(endpoints, options)
    start = %{options: options, endpoints: endpoints, originals: originals}

    children =
      [
        Tasks,
        {DynamicSupervisor, name: ExServiceMeshRouter.Privates},
        {Gateway, options},
        {Endpoints, start}
      ] ++ if(options.cluster?, do: [Cluster], else: [])

    # What they know of each other is only whole together. If they fail again and again it is our
    # fault, and must not become the VM's: the supervisor above stays without them.
    parts = %{
      id: :parts,
      type: :supervisor,
      restart: :temporary,
      start: {Supervisor, :start_link, [children, [strategy: :one_for_all]]}
    }

    start_link([parts])
  end

  defp start_link(children) do
    options = [strategy: :one_for_one, name: ExServiceMeshRouter.Supervisor]
    Supervisor.start_link(children, options)
  end
end
