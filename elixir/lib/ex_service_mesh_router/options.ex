defmodule ExServiceMeshRouter.Options do
  # The package's own keys. `:binary` is who reads them: the part that finds the gateway's binary.
  @options [
    enabled: [
      type: "`true` or `false`",
      doc: """
      Starts the gateway. Without it, it starts under `mix phx.server` alone, and not in
      `MIX_ENV=test`: a release and a test suite need `enabled: true`, and `iex -S mix`,
      `mix ecto.migrate` and their like start nothing
      """
    ],
    listen: [
      type: "`:private`, or as in the gateway's settings",
      doc: """
      `:private` gives every endpoint of this VM a private Unix socket instead of the port it
      names. Anything else is the gateway's own `listen`, the addresses where it accepts
      """
    ],
    urls: [
      type: "`:gateway` or `:keep`",
      doc: """
      With `:gateway`, the default, an endpoint whose host is `localhost` gets its name in
      development (`auth.localhost`) and the gateway's port into `url:`, `static_url:` and
      `check_origin:`. `:keep` leaves them as they are. Outside of development nothing is changed
      """
    ],
    cluster: [
      type: "`true` or `false`",
      doc: """
      Reports the endpoints of connected nodes too. They need not have this package. `false`
      without it
      """
    ],
    gateway: [
      type: "`:child` or `\"unix:/run/mesh-router/vm.sock\"`",
      doc: """
      With `:child`, the default, the package runs a gateway of its own. With a socket's path it
      reports to a gateway that runs by itself and has `[discovery] package` set to the same path;
      the gateway's own settings are that one's then, and those given here have no effect. It has to
      be of the same machine and user, or it can't enter the private sockets
      """
    ],
    path: [
      type: "a string",
      doc: "The gateway's binary, where it is not to be installed or looked for"
    ],
    version: [
      type: "a string",
      doc: "The gateway's version to install, that of the package without it"
    ],
    version_check: [
      type: "`true` or `false`",
      doc: "Whether another version of the binary than the wanted one is told of"
    ],
    target: [
      type: "a string",
      doc: "The platform to install the binary for, this machine's without it"
    ],
    base_url: [
      type: "a string",
      doc: "Where to install the binary from"
    ]
  ]

  @moduledoc """
  The options of `config :ex_service_mesh_router`.

      config :ex_service_mesh_router, port: 4000

  These keys are the package's own:

  #{Enum.map_join(@options, "\n", fn {key, option} -> "  * `:#{key}` (#{option[:type]}) - #{option[:doc] |> String.trim() |> String.replace("\n", "\n    ")}.\n" end)}
  Every other key is a setting of the gateway, and is passed on as it is: `port: 4000`,
  `trusted_proxies: ["loopback"]`, `timeouts: [hold: "10s"]`, `routes: [{"auth.example.com",
  endpoint: AuthWeb.Endpoint}]` and all the others of `mesh-router.toml`. Without `port` and `listen`
  the port is 4000, unless there is a `mesh-router.toml` or `MESH_ROUTER_LISTEN`. `port: 0` takes any
  free port: `ExServiceMeshRouter.url/1` knows which. A key that neither knows is an error in the log
  with the nearest name, and no gateway is started until it is mended.
  """

  import ExServiceMeshRouter.Optional

  @app :ex_service_mesh_router

  # Not the first that is free: endpoints that start later must be able to rely on it.
  @port 4000

  @typedoc "The options, checked."
  @type t :: %__MODULE__{
          enabled?: boolean(),
          private: :needed | :all | :never,
          urls: :gateway | :keep,
          cluster?: boolean(),
          gateway: :child | {:unix, Path.t()},
          development?: boolean(),
          ports: [:inet.port_number()],
          domain: String.t(),
          settings: keyword(),
          surroundings: surroundings()
        }

  @typedoc """
  What decides besides the options: the environment and folder of Mix (`nil` without Mix), whether
  this is a release, whether Phoenix was told to serve its endpoints, and whether a place that is
  stronger may say where the gateway listens.
  """
  @type surroundings :: %{
          env: atom(),
          root: Path.t() | nil,
          release?: boolean(),
          serve?: boolean(),
          listens?: boolean()
        }

  defstruct enabled?: false,
            private: :needed,
            urls: :gateway,
            cluster?: false,
            gateway: :child,
            development?: false,
            ports: [],
            domain: "localhost",
            settings: [],
            surroundings: %{env: nil, root: nil, release?: false, serve?: false, listens?: false}

  @doc """
  Returns the keys that are the package's own.
  """
  @spec keys() :: [atom()]
  def keys, do: Keyword.keys(@options)

  @doc """
  Returns the options as they are configured now.
  """
  @spec read(surroundings()) :: {:ok, t()} | {:error, String.t()}
  def read(surroundings), do: parse(Application.get_all_env(@app), surroundings)

  @doc """
  Checks options, given what else decides.
  """
  @spec parse(keyword(), surroundings()) :: {:ok, t()} | {:error, String.t()}
  def parse(config, surroundings) do
    with {:ok, enabled?} <- enabled(config, surroundings),
         {:ok, private, settings} <- private(config),
         {:ok, urls} <- one_of(config, :urls, :gateway, [:gateway, :keep]),
         {:ok, cluster?} <- one_of(config, :cluster, false, [true, false]),
         {:ok, gateway} <- gateway(config),
         :ok <- sendable(settings) do
      settings = with_port(settings, gateway, surroundings)

      {:ok,
       %__MODULE__{
         enabled?: enabled?,
         private: private,
         urls: urls,
         cluster?: cluster?,
         gateway: gateway,
         development?: development?(settings, surroundings),
         ports: ports(settings),
         domain: domain(settings),
         settings: settings,
         surroundings: surroundings
       }}
    end
  end

  @doc """
  Returns what decides besides the options. For the application's start alone: while an application
  stops nobody can ask which are started.
  """
  @spec surroundings() :: surroundings()
  def surroundings do
    env = mix_env()
    root = env && root()
    file = root && Path.join(root, "mesh-router.toml")

    %{
      env: env,
      root: root,
      listens?:
        System.get_env("MESH_ROUTER_LISTEN") not in [nil, ""] or
          (file != nil and File.exists?(file)),
      release?: System.get_env("RELEASE_NAME") not in [nil, ""],
      # `mix phx.server` sets it before it starts the applications.
      serve?: Application.fetch_env(:phoenix, :serve_endpoints) == {:ok, true}
    }
  end

  defp mix_env do
    if List.keymember?(Application.started_applications(), :mix, 0), do: call(Mix, :env, [])
  end

  # An application of an umbrella shares the umbrella's configuration.
  defp root do
    config = call(Mix.Project, :config, [])[:config_path] || "config/config.exs"
    root = config |> Path.expand() |> Path.dirname() |> Path.dirname()
    if File.exists?(Path.join(root, "mix.exs")), do: root, else: File.cwd!()
  end

  defp enabled(config, surroundings) do
    default = surroundings.serve? and surroundings.env not in [nil, :test]
    one_of(config, :enabled, default, [true, false])
  end

  defp private(config) do
    settings = Keyword.drop(config, keys() -- [:listen])

    case Keyword.pop(settings, :listen) do
      {:private, settings} -> {:ok, :all, settings}
      {_addresses, _others} -> {:ok, :needed, settings}
    end
  end

  # A port that can be relied on before the gateway is asked, unless a stronger place may name
  # another, or the gateway is there already.
  defp with_port(settings, gateway, surroundings) do
    if gateway != :child or surroundings.listens? or Keyword.has_key?(settings, :listen),
      do: settings,
      else: Keyword.put_new(settings, :port, @port)
  end

  defp one_of(config, key, default, values) do
    case Keyword.fetch(config, key) do
      :error ->
        {:ok, default}

      {:ok, value} ->
        if value in values do
          {:ok, value}
        else
          {:error, "#{key}: #{inspect(value)} is not known, write #{write(values)}"}
        end
    end
  end

  defp gateway(config) do
    case Keyword.get(config, :gateway, :child) do
      :child ->
        {:ok, :child}

      "unix:/" <> path ->
        {:ok, {:unix, "/" <> path}}

      other ->
        {:error,
         "gateway: #{inspect(other)} is not known, write :child or the path of a socket, " <>
           "\"unix:/run/mesh-router/vm.sock\""}
    end
  end

  # What has no meaning outside of this VM can't be told to the gateway.
  defp sendable(settings) do
    case Enum.find(settings, fn {_key, value} -> not sendable?(value) end) do
      nil -> :ok
      {key, _value} -> {:error, "#{key}: holds a function, pid, port or reference"}
    end
  end

  defp sendable?(value) when is_tuple(value), do: value |> Tuple.to_list() |> sendable?()
  defp sendable?([head | tail]), do: sendable?(head) and sendable?(tail)
  defp sendable?(%_struct{} = value), do: value |> Map.from_struct() |> sendable?()
  defp sendable?(value) when is_map(value), do: value |> Map.to_list() |> sendable?()

  defp sendable?(value),
    do: is_atom(value) or is_binary(value) or is_number(value) or value == []

  # The gateway decides for itself. What is decided here comes before it is asked, and is taken back
  # if the gateway sees it otherwise.
  defp development?(settings, surroundings) do
    case Keyword.get(settings, :mode, :auto) do
      mode when mode in [:development, "development"] -> true
      mode when mode in [:production, "production"] -> false
      _auto -> surroundings.env in [:dev, :test] and not surroundings.release?
    end
  end

  defp ports(settings) do
    ports = [settings[:port] | settings |> Keyword.get(:listen, []) |> List.wrap()]
    for port <- ports, port = port(port), port not in [nil, 0], uniq: true, do: port
  end

  defp port(port) when is_integer(port), do: port

  defp port(address) when is_binary(address) do
    case address |> String.split(":") |> List.last() |> Integer.parse() do
      {port, ""} -> port
      _other -> nil
    end
  end

  defp port(_other), do: nil

  defp domain(settings) do
    with development when is_list(development) <- Keyword.get(settings, :development, []),
         domain when is_binary(domain) <- Keyword.get(development, :domain) do
      domain
    else
      _none -> "localhost"
    end
  end

  defp write(values), do: Enum.map_join(values, " or ", &inspect/1)
end
