defmodule ExServiceMeshRouter.Gateway do
  @moduledoc false
  # Owns the link to the gateway: keeps it up, tells the gateway of the endpoints, and takes what the
  # gateway says to Logger, telemetry and those who ask.
  #
  # A gateway that can't be is never a reason to fail: it is tried again, ever later.

  use GenServer, shutdown: 5_000

  require Logger

  alias ExServiceMeshRouter.{Binary, Endpoints, Link, Log, Options, Protocol, Telemetry}

  # Between two attempts: from the first to the last.
  @again_ms [100, 200, 500, 1_000, 2_000]

  # A gateway that lived for so long begins anew.
  @steady_ms 30_000

  @welcome_ms 5_000
  @settings_ms 1_000
  @resend_ms 50
  @held_max 100

  @type routes :: [Protocol.route()]

  @spec start_link(Options.t()) :: GenServer.on_start()
  def start_link(options), do: GenServer.start_link(__MODULE__, options, name: __MODULE__)

  @doc """
  Tells the gateway all that is known of endpoints. `silent` are those that run and don't serve.
  `from` is answered when every worker of the gateway forwards by it, or at once if none runs.
  """
  @spec report([map()], [module()], GenServer.from() | nil) :: :ok
  def report(endpoints, silent, from),
    do: GenServer.cast(__MODULE__, {:report, endpoints, silent, from})

  @doc """
  Tells the gateway of the endpoints of other nodes.
  """
  @spec report_nodes([map()]) :: :ok
  def report_nodes(endpoints), do: GenServer.cast(__MODULE__, {:report_nodes, endpoints})

  @doc """
  Tells that the endpoints have their addresses by this port and these hosts.
  """
  @spec addressed({:inet.port_number() | nil, %{String.t() => [String.t()]}}) :: :ok
  def addressed(table), do: GenServer.cast(__MODULE__, {:addressed, table})

  @doc """
  Returns `{addresses, routes}` as the gateway has them now.
  """
  @spec table() :: {[Protocol.address()], routes()}
  def table, do: GenServer.call(__MODULE__, :table)

  @doc """
  Returns the table when the gateway accepts and has a route to `service`, or why not.
  """
  @spec route(String.t(), timeout()) ::
          {:ok, {[Protocol.address()], routes()}} | {:error, String.t()}
  def route(service, timeout) do
    # Answered by itself a little earlier than the caller gives up.
    GenServer.call(__MODULE__, {:route, service, timeout}, timeout + 1_000)
  end

  @impl true
  def init(options) do
    Process.flag(:trap_exit, true)

    state = %{
      options: options,
      # The binary or the socket, once it was found.
      whom: nil,
      link: nil,
      welcome: nil,
      # Unknown until the endpoints of this VM have been looked at.
      endpoints: nil,
      nodes: [],
      silent: [],
      seq: 0,
      sent: 0,
      applied: 0,
      leaving: [],
      addresses: [],
      routes: [],
      # The routes are this gateway's, not those of one before.
      fresh?: false,
      generation: 0,
      # What the gateway of that process had counted last; `nil` before the first.
      counts: nil,
      counted_by: nil,
      told: nil,
      # By which port and hosts the endpoints write their links.
      addressed: nil,
      waiting: [],
      problem: nil,
      # What attempts after the first failed one say until one succeeds, the last line first.
      held: [],
      refused: nil,
      settings: nil,
      attempts: 0
    }

    # Opened by the first report: a gateway that accepts before it knows the endpoints answers 404.
    {:ok, state}
  end

  @impl true
  def handle_call(:table, _from, state),
    do: {:reply, {state.addresses, if(state.fresh?, do: state.routes, else: [])}, state}

  def handle_call({:route, service, timeout}, from, state) do
    Process.send_after(self(), {:give_up, from}, timeout)
    {:noreply, answer(%{state | waiting: [{from, service} | state.waiting]})}
  end

  @impl true
  def handle_cast({:report, endpoints, silent, from}, state) do
    first? = state.endpoints == nil
    state = %{state | endpoints: endpoints, silent: silent, seq: state.seq + 1}
    state = if first?, do: open(state), else: send_report(state)
    {:noreply, left(%{state | leaving: List.wrap(from && {from, state.seq}) ++ state.leaving})}
  end

  def handle_cast({:report_nodes, endpoints}, state) do
    {:noreply, send_report(%{state | nodes: endpoints, seq: state.seq + 1})}
  end

  def handle_cast({:addressed, table}, state),
    do: {:noreply, changed(%{state | addressed: table})}

  @impl true
  def handle_info(:open, %{link: nil} = state), do: {:noreply, open(state)}

  def handle_info(:resend, state), do: {:noreply, send_report(state)}

  def handle_info({:unwelcome, link}, %{link: link, welcome: nil} = state),
    do: {:noreply, closed(state, "did not answer", &Link.kill/1)}

  def handle_info({:steady, link}, %{link: link} = state), do: {:noreply, %{state | attempts: 0}}

  def handle_info({:give_up, from}, state) do
    {late, waiting} = Enum.split_with(state.waiting, &(elem(&1, 0) == from))
    for {from, service} <- late, do: GenServer.reply(from, {:error, why_not(state, service)})
    {:noreply, %{state | waiting: waiting}}
  end

  def handle_info(:settings, %{link: nil} = state), do: {:noreply, look_at_settings(state)}

  def handle_info(message, %{link: link} = state) when link != nil do
    case Link.receive(link, message) do
      {:frame, frame} -> {:noreply, frame(state, frame)}
      {:closed, why} -> {:noreply, closed(state, why)}
      :other -> {:noreply, state}
    end
  end

  def handle_info(_late, state), do: {:noreply, state}

  @impl true
  def terminate(_why, %{link: nil}), do: :ok

  def terminate(_why, %{link: link}) do
    _ = Link.send_frame(link, Protocol.bye())
    Link.close(link)
  end

  ## The link

  defp open(state) do
    with {:ok, whom} <- whom(state),
         {:ok, link} <- Link.open(whom),
         :ok <- Link.send_frame(link, Protocol.hello(hello(state.options))) do
      Process.send_after(self(), {:unwelcome, link}, @welcome_ms)
      Process.send_after(self(), {:steady, link}, @steady_ms)
      %{state | link: link, whom: whom, refused: nil}
    else
      {:error, why} -> retry(state, why)
      not_sent when not_sent in [:busy, :closed] -> retry(state, "the gateway ended as it began")
    end
  end

  # Looking for the binary tells of its version: once, not for each attempt.
  defp whom(%{whom: {:child, binary} = whom} = state) do
    if File.regular?(binary), do: {:ok, whom}, else: whom(%{state | whom: nil})
  end

  defp whom(%{options: %{gateway: :child}}) do
    with {:ok, binary} <- Binary.find(), do: {:ok, {:child, binary}}
  end

  defp whom(%{options: %{gateway: socket}}), do: {:ok, socket}

  defp hello(options) do
    %{env: env, root: root} = options.surroundings

    hello = %{
      package: version(),
      node: if(Node.alive?(), do: Atom.to_string(node())),
      os_pid: String.to_integer(System.pid()),
      host: host(),
      env: env && Atom.to_string(env),
      root: root
    }

    if options.gateway == :child, do: Map.put(hello, :settings, options.settings), else: hello
  end

  # Containers may have the same process ids.
  defp host do
    {:ok, host} = :inet.gethostname()
    List.to_string(host)
  end

  defp version do
    case Application.spec(:ex_service_mesh_router, :vsn) do
      nil -> "0"
      version -> List.to_string(version)
    end
  end

  defp closed(state, why, close \\ &Link.close/1) do
    close.(state.link)
    if state.addresses != [], do: Telemetry.down(why)
    for {from, _seq} <- state.leaving, do: GenServer.reply(from, :ok)

    state = %{
      state
      | link: nil,
        welcome: nil,
        addresses: [],
        fresh?: false,
        held: [],
        sent: 0,
        applied: 0,
        leaving: [],
        told: nil
    }

    case state.refused do
      nil ->
        retry(state, "the gateway #{why}")

      # Settings that it can't read stay so until they change.
      {2, why} ->
        Log.gateway(:error, "no gateway runs until its settings change: #{why}")
        Process.send_after(self(), :settings, @settings_ms)
        %{state | problem: why, attempts: 0, settings: settings(state.options)}

      {_status, why} ->
        retry(state, why)
    end
  end

  defp retry(state, why) do
    wait = Enum.at(@again_ms, state.attempts, List.last(@again_ms))
    # Once for each problem, not for each attempt.
    if why != state.problem, do: Log.gateway(:error, "no gateway runs, trying again: #{why}")
    Process.send_after(self(), :open, wait)
    %{state | problem: why, attempts: state.attempts + 1}
  end

  defp look_at_settings(state) do
    if settings(state.options) == state.settings do
      Process.send_after(self(), :settings, @settings_ms)
      state
    else
      case Options.read(state.options.surroundings) do
        {:ok, options} -> open(%{state | options: options, whom: nil})
        {:error, why} -> retry(state, why)
      end
    end
  end

  # What the gateway reads: what this VM's configuration says, and the file of the project.
  defp settings(options) do
    root = options.surroundings.root

    file =
      case root && File.stat(Path.join(root, "mesh-router.toml")) do
        {:ok, stat} -> {stat.mtime, stat.size, stat.inode}
        _none -> nil
      end

    {Application.get_all_env(:ex_service_mesh_router), file}
  end

  defp send_report(%{link: nil} = state), do: state
  defp send_report(%{endpoints: nil} = state), do: state
  defp send_report(%{sent: seq, seq: seq} = state), do: state

  defp send_report(state) do
    case Link.send_frame(state.link, Protocol.report(state.seq, state.endpoints ++ state.nodes)) do
      :ok ->
        %{state | sent: state.seq}

      :busy ->
        Process.send_after(self(), :resend, @resend_ms)
        state

      # Its end comes as a message.
      :closed ->
        state
    end
  end

  ## What the gateway says

  defp frame(state, frame) do
    case Protocol.decode(frame) do
      {:ok, message} -> message(message, state)
      {:error, why} -> closed(state, "sent what can't be read: #{why}")
    end
  end

  defp message({:welcome, welcome}, state),
    do: send_report(counting(%{state | welcome: welcome}))

  defp message({:refused, why}, state), do: %{state | refused: {1, "the gateway refuses: #{why}"}}
  defp message({:failed, status, why}, state), do: %{state | refused: {status, why}}

  defp message({:listening, addresses}, state) do
    if state.addresses == [], do: Telemetry.up(addresses, state.welcome || %{})
    for line <- Enum.reverse(state.held), do: line(line, state)
    changed(%{state | addresses: addresses, problem: nil, held: []})
  end

  defp message({:applied, seq, generation}, state),
    do: changed(left(%{state | applied: seq, generation: generation}))

  defp message({:routes, generation, routes}, state) do
    Telemetry.routes(state.routes, routes)
    changed(%{state | routes: routes, fresh?: true, generation: generation})
  end

  defp message({:counts, counts}, state) do
    before = state.counts || counts
    Telemetry.counts(before, counts)
    %{state | counts: Map.merge(before, counts)}
  end

  # Attempt after attempt says the same as it begins.
  defp message({:log, _, _, _, _} = line, %{problem: problem, addresses: []} = state)
       when problem != nil,
       do: %{state | held: Enum.take([line | state.held], @held_max)}

  defp message({:log, _, _, _, _} = line, state) do
    line(line, state)
    state
  end

  defp message({:lost, count}, state) do
    Logger.warning(
      "#{count} messages of the gateway were dropped, since this VM did not read them in time"
    )

    state
  end

  defp message({:unknown, _message}, state), do: state

  # The same gateway counts on, another counts anew. One that is met for the first time, and has not been
  # started by this VM, may have counted for long before.
  defp counting(%{welcome: %{os_pid: gateway}} = state) do
    counts =
      case state do
        %{counted_by: ^gateway} -> state.counts
        %{counted_by: nil, options: %{gateway: {:unix, _path}}} -> nil
        _another -> %{}
      end

    %{state | counts: counts, counted_by: gateway}
  end

  defp counting(state), do: %{state | counts: %{}}

  # A developer wants the one line with the links, which is to come and says all that these do.
  defp line({:log, level, target, text, fields}, state) do
    is_said? = level == :info and state.told == nil and state.options.surroundings.env == :dev
    Log.line(if(is_said?, do: :debug, else: level), target, text, fields)
  end

  # Those who want to leave go when the gateway forwards by a report without them.
  defp left(state) do
    {gone, leaving} =
      Enum.split_with(state.leaving, fn {_from, seq} ->
        state.link == nil or state.applied >= seq
      end)

    for {from, _seq} <- gone, do: GenServer.reply(from, :ok)
    %{state | leaving: leaving}
  end

  defp changed(state) do
    if whole?(state) and state.addressed != links(state), do: Endpoints.routed(links(state))
    state |> tell() |> answer()
  end

  defp links(state) do
    {port(state.addresses), Enum.group_by(state.routes, & &1.service, & &1.host)}
  end

  defp ready?(state), do: whole?(state) and state.addressed == links(state)

  # The gateway accepts, and its table has all that it was told.
  defp whole?(state) do
    state.addresses != [] and state.fresh? and state.applied >= state.seq and
      state.sent == state.seq
  end

  # One line when there is something to click at, not for each endpoint that comes or goes.
  defp tell(state) do
    if state.told == nil and ready?(state) do
      Log.links(state.addresses, state.routes, state.silent)
      %{state | told: state.generation}
    else
      state
    end
  end

  defp answer(state) do
    {ready, waiting} =
      Enum.split_with(state.waiting, fn {_from, service} ->
        ready?(state) and not stopped?(state, service) and
          Enum.any?(state.routes, &(&1.service == service))
      end)

    for {from, _service} <- ready,
        do: GenServer.reply(from, {:ok, {state.addresses, state.routes}})

    %{state | waiting: waiting}
  end

  defp why_not(%{addresses: [], problem: problem}, _service) when problem != nil,
    do: "no gateway runs: #{problem}"

  defp why_not(%{addresses: []}, _service), do: "the gateway does not listen yet"

  defp why_not(state, service) do
    if stopped?(state, service),
      do: "#{service} does not run",
      else: "the gateway has no route to #{service}"
  end

  # The gateway keeps the routes of an endpoint that is away.
  defp stopped?(state, service) do
    Enum.any?(state.endpoints || [], &match?(%{module: ^service, bound: :stopped}, &1))
  end

  @doc false
  @spec port([Protocol.address()]) :: :inet.port_number() | nil
  def port(addresses) do
    Enum.find_value(addresses, fn address ->
      with false <- String.starts_with?(address, "unix:"),
           {port, ""} <- address |> String.split(":") |> List.last() |> Integer.parse() do
        port
      else
        _other -> nil
      end
    end)
  end
end
