# What this package meets of Phoenix, in its shape: hex.pm isn't needed to run the tests. The
# endpoint's configuration lies in a table of its module's name, its supervisor is registered under
# it, and the adapter is Phoenix's for Cowboy, with the real Cowboy behind.

defmodule Phoenix.Endpoint do
  @moduledoc false

  @callback config(key :: atom(), default :: term()) :: term()
  @callback server_info(scheme :: atom()) :: {:ok, term()} | {:error, term()}
  # Since Phoenix 1.7.10.
  @optional_callbacks server_info: 1

  defmacro __using__(options) do
    quote do
      @behaviour Phoenix.Endpoint
      @otp_app unquote(options[:otp_app])

      def child_spec(options),
        do: %{id: __MODULE__, start: {__MODULE__, :start_link, [options]}, type: :supervisor}

      def start_link(options \\ []),
        do: Phoenix.Endpoint.Supervisor.start_link(@otp_app, __MODULE__, options)

      @impl true
      def config(key, default \\ nil) do
        case :ets.lookup(__MODULE__, key) do
          [{^key, value}] -> value
          [] -> default
        end
      end

      def config_change(changed, removed),
        do: Phoenix.Config.config_change(__MODULE__, changed, removed)

      @impl true
      def server_info(scheme), do: config(:adapter).server_info(__MODULE__, scheme)

      def init(options), do: options

      # Says who answers; a WebSocket says every message again.
      def call(%{path: "/live/websocket"}, _options), do: {:upgrade, __MODULE__}

      # Waits for the test, and then needs its configuration as a URL or an error page does.
      def call(%{path: "/held" <> _} = conn, _options) do
        send(:holds_requests, {:held, self()})

        receive do
          :go -> {:reply, %{}, "#{inspect(__MODULE__)} #{config(:url)[:host]}\n"}
        end
      end

      def call(conn, _options) do
        headers = %{"content-type" => "text/plain", "remote-ip" => :inet.ntoa(conn.remote_ip)}
        {:reply, headers, "#{inspect(__MODULE__)} #{conn.host} #{conn.path}\n"}
      end

      def url do
        url = config(:url)
        "#{url[:scheme] || "http"}://#{url[:host]}:#{url[:port] || config(:http)[:port] || 80}"
      end
    end
  end
end

defmodule Phoenix.Endpoint.Supervisor do
  @moduledoc false
  use Supervisor

  @compile {:no_warn_undefined, :telemetry}

  def start_link(otp_app, module, options) do
    with {:ok, pid} <- Supervisor.start_link(__MODULE__, {otp_app, module, options}, name: module) do
      if Code.ensure_loaded?(:telemetry) do
        metadata = %{pid: pid, module: module, otp_app: otp_app, config: module.config(:url)}
        :telemetry.execute([:phoenix, :endpoint, :init], %{}, metadata)
      end

      {:ok, pid}
    end
  end

  @impl true
  def init({otp_app, module, options}) do
    defaults = [
      otp_app: otp_app,
      adapter: Phoenix.Endpoint.Cowboy2Adapter,
      check_origin: true,
      code_reloader: false,
      http: false,
      https: false,
      static_url: nil,
      url: [host: "localhost", path: "/"]
    ]

    config = merge(merge(defaults, options), Application.get_env(otp_app, module, []))
    serve? = Keyword.get(config, :server, Application.get_env(:phoenix, :serve_endpoints, false))
    servers = if serve?, do: config[:adapter].child_specs(module, config), else: []
    children = [{Phoenix.Config, {module, config, Keyword.keys(defaults)}} | servers]
    Supervisor.init(children, strategy: :one_for_one)
  end

  defp merge(one, two) do
    Keyword.merge(one, two, fn _key, one, two ->
      if Keyword.keyword?(one) and Keyword.keyword?(two), do: merge(one, two), else: two
    end)
  end
end

defmodule Phoenix.Config do
  @moduledoc false
  use GenServer

  def start_link({module, config, permanent}),
    do: GenServer.start_link(__MODULE__, {module, config, permanent})

  def config_change(module, changed, removed) do
    pid = :ets.lookup_element(module, :__config__, 2)
    GenServer.call(pid, {:config_change, changed, removed})
  end

  @impl true
  def init({module, config, permanent}) do
    :ets.new(module, [:named_table, :public])
    :ets.insert(module, [{:__config__, self()} | config])
    {:ok, {module, [:__config__ | permanent]}}
  end

  @impl true
  def handle_call({:config_change, changed, _removed}, _from, {module, permanent} = state) do
    new = changed[module]
    old = for {key, _value} <- :ets.tab2list(module), do: key
    for key <- (old -- Keyword.keys(new)) -- permanent, do: :ets.delete(module, key)
    :ets.insert(module, new)
    {:reply, :ok, state}
  end
end

defmodule Phoenix.Endpoint.Cowboy2Adapter do
  @moduledoc false

  @compile {:no_warn_undefined, :ranch}

  def child_specs(module, config) do
    for {scheme, options} <- [http: config[:http]], options do
      options = if List.keymember?(options, :port, 0), do: options, else: options ++ [port: 4000]

      Plug.Cowboy.child_spec(
        scheme: scheme,
        plug: {module, []},
        options: [ref: ref(module)] ++ options
      )
    end
  end

  def server_info(module, :http) do
    {:ok, :ranch.get_addr(ref(module))}
  rescue
    error -> {:error, Exception.message(error)}
  end

  defp ref(module), do: Module.concat(module, HTTP)
end
