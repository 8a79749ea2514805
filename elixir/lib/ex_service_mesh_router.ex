defmodule ExServiceMeshRouter do
  @moduledoc """
  A gateway for the Phoenix endpoints of an umbrella, started with them.

      # mix.exs of one web application
      {:ex_service_mesh_router, "~> 0.1"}

      # config/config.exs
      config :ex_service_mesh_router, port: 4000

  `mix phx.server` then starts the endpoints and a gateway before them, and one line of the log says
  where each is found:

      [info] gateway at 127.0.0.1:4000; http://auth.localhost:4000 (AuthWeb.Endpoint), …

  `ExServiceMeshRouter.Options` lists the options. By themselves neither `mix test`, `iex -S mix`
  nor a release start a gateway: `enabled: true` says that they should.

  ## Endpoints

  Every module that is a Phoenix endpoint and runs in this VM is found, whichever application it is
  of and whenever it starts or stops; the gateway follows within milliseconds.

    * An endpoint with `http:` of its own keeps its port.
    * One without, or with the gateway's port, or with any under `listen: :private`, gets a Unix
      socket in a folder that only this user can enter. Its web server is that of its adapter
      (Bandit or Cowboy, with the options of `http:`), and has WebSockets, LiveView and long-poll.
    * One that doesn't serve, by `server: false` or because nothing told it to, stays so.

  In development an endpoint whose host is `localhost` gets a name (`auth.localhost` for
  `:auth_web`), and its `url:`, `static_url:` and `check_origin:` follow, so that links, mails and
  sockets stay inside the gateway. `urls: :keep` leaves them alone.

  ## The gateway

  It is a process of its own that ends with the VM, however that ends, and is started again when it
  ends before. A port that is taken, a setting that is wrong, a binary that is missing are errors in
  the log, never a reason for the VM to stop: the port and the binary are tried again, the settings
  when they change. With `gateway: "unix:/run/mesh-router/vm.sock"` there is no such process: the VM
  reports to a gateway that runs by itself, and again when that is back.

  Its log lines have the metadata `application: :ex_service_mesh_router`, `domain:
  [:ex_service_mesh_router]`, `target:` (the part of the gateway), and their fields, such as
  `service:` and `host:`.

  ## Telemetry

  Where the application has `:telemetry`, these events are its contract with this package:

  | event | measurements | metadata |
  |---|---|---|
  | `[:ex_service_mesh_router, :gateway, :up]` | | `:addresses` where it accepts, its `:version` and `:os_pid` |
  | `[:ex_service_mesh_router, :gateway, :down]` | | `:reason`, a string |
  | `[:ex_service_mesh_router, :route, :added]` | | `:host`, `:subdomains`, `:service` |
  | `[:ex_service_mesh_router, :route, :removed]` | | the same |
  | `[:ex_service_mesh_router, :requests]` | `:requests` answered and `:errors` (502, 503 and 504 of the gateway) since the last, `:websockets` open now | `:service` |

  A service is called by its endpoint's module: `"AuthWeb.Endpoint"`. `:requests` comes at most once
  a second for each service, and only when something changed. Of a gateway that ran before this VM
  (`gateway: "unix:…"`) what it had counted by then is left out.
  """

  alias ExServiceMeshRouter.Gateway

  @wait_ms 5_000

  @doc """
  Returns the URL that leads to an endpoint through the gateway.

  Waits until the gateway accepts and knows the endpoint, at most 5 s or as long as `timeout` says,
  and raises if that doesn't come. For tests with `port: 0`:

      ExServiceMeshRouter.url(AuthWeb.Endpoint)
      #=> "http://auth.localhost:41243"
  """
  @spec url(module(), timeout :: non_neg_integer()) :: String.t()
  def url(endpoint, timeout \\ @wait_ms) when is_atom(endpoint) do
    service = inspect(endpoint)

    case call(fn -> Gateway.route(service, timeout) end) do
      {:ok, {addresses, routes}} ->
        hosts = for %{service: ^service, host: host} <- routes, do: host
        link(preferred(hosts, endpoint), addresses)

      {:error, why} ->
        raise why
    end
  end

  # The host that the endpoint itself writes into links.
  defp preferred(hosts, endpoint) do
    own = endpoint.config(:url)[:host]
    if own in hosts, do: own, else: hd(hosts)
  rescue
    # It has just stopped.
    ArgumentError -> hd(hosts)
  end

  @doc """
  Returns the gateway's table: each host, which subdomains of it are served (`"one"`, `"any"` or
  `"none"`), and the service that both lead to. Empty while no gateway runs.
  """
  @spec routes() :: [%{host: String.t(), subdomains: String.t(), service: String.t()}]
  def routes do
    case call(&Gateway.table/0) do
      {:error, _why} -> []
      {[], _routes} -> []
      {_addresses, routes} -> Enum.map(routes, &Map.take(&1, [:host, :subdomains, :service]))
    end
  end

  @doc """
  Returns the addresses where the gateway accepts: `["127.0.0.1:4000"]`. Empty while none runs.
  """
  @spec listening() :: [String.t()]
  def listening do
    case call(&Gateway.table/0) do
      {:error, _why} -> []
      {addresses, _routes} -> addresses
    end
  end

  defp call(question) do
    question.()
  catch
    :exit, {:noproc, _call} ->
      {:error,
       "no gateway is started: it starts under `mix phx.server` alone unless " <>
         "`config :ex_service_mesh_router, enabled: true`, and the log says why else there is none"}
  end

  @doc false
  @spec link(String.t(), [String.t()]) :: String.t()
  def link(host, addresses) do
    case Gateway.port(addresses) do
      port when port in [nil, 80] -> "http://#{host}"
      port -> "http://#{host}:#{port}"
    end
  end
end
