defmodule ExServiceMeshRouter.Endpoints do
  @moduledoc false
  # Knows which endpoints of this VM run, and tells the gateway.
  #
  # Telemetry says when an endpoint has started, a monitor when it ended. What an endpoint says of
  # itself is asked by tasks: its supervisor may be busy starting, or stopping, just then.

  use GenServer

  require Logger

  alias ExServiceMeshRouter.{Gateway, Optional, Options, PhoenixEndpoint, Private, Tasks, Urls}
  alias ExServiceMeshRouter.Private.Server

  @event [:phoenix, :endpoint, :init]

  # While applications start, and where no telemetry tells.
  @look_ms 20

  # For what nothing tells: a listener at another port, a changed configuration, a new application.
  @refresh_ms 5_000

  # What an application that never starts can hold up.
  @settle_ms 10_000

  @ask_ms 2_000
  @started_ms 100
  @again_ms 100
  @leave_ms 500
  @endpoints_max 256

  @type start :: %{
          options: Options.t(),
          endpoints: [{atom(), module()}],
          originals: %{module() => keyword()}
        }

  @spec start_link(start()) :: GenServer.on_start()
  def start_link(start), do: GenServer.start_link(__MODULE__, start, name: __MODULE__)

  @doc """
  Takes an endpoint out of the gateway's table, and returns when no worker forwards to it any more,
  or after a moment.
  """
  @spec leave(module()) :: :ok
  def leave(module) do
    GenServer.call(__MODULE__, {:leave, module}, @leave_ms)
  catch
    :exit, _why -> :ok
  end

  @doc """
  Tells which port the gateway has, and which hosts lead to each endpoint. `Gateway.addressed/1` is
  called when the endpoints have their addresses.
  """
  @spec routed({:inet.port_number() | nil, %{String.t() => [String.t()]}}) :: :ok
  def routed(table), do: GenServer.cast(__MODULE__, {:routed, table})

  @doc false
  def handle_event(@event, _measurements, metadata, _config) do
    GenServer.cast(__MODULE__, {:started, metadata.otp_app, metadata.module, metadata.pid})
  end

  @impl true
  def init(%{options: options, endpoints: endpoints, originals: originals}) do
    Process.flag(:trap_exit, true)

    state = %{
      options: options,
      telemetry?: attach(),
      originals: originals,
      given: Urls.hosts(endpoints, options),
      endpoints: Map.new(endpoints, fn {app, module} -> {module, endpoint(app)} end),
      apps: loaded(),
      asked: %{},
      routed: nil,
      reported: nil,
      settled?: false
    }

    Process.send_after(self(), :settle, @settle_ms)
    Process.send_after(self(), :refresh, @refresh_ms)
    {:ok, state, {:continue, :look}}
  end

  defp endpoint(app), do: %{app: app, pid: nil, monitor: nil, is: :down, words: nil, private: nil}

  @impl true
  def handle_continue(:look, state), do: {:noreply, look(state)}

  @impl true
  def handle_call({:leave, module}, from, state) do
    case state.endpoints do
      %{^module => %{is: :up} = endpoint} ->
        state = put(state, module, %{endpoint | is: :leaving})
        {:noreply, report(state, from)}

      _unknown ->
        {:reply, :ok, state}
    end
  end

  @impl true
  def handle_cast({:started, app, module, pid}, state) do
    state = if Map.has_key?(state.endpoints, module), do: state, else: learn(state, app, module)
    {:noreply, state |> up(module, pid) |> settle()}
  end

  def handle_cast({:routed, table}, state) do
    state = %{state | routed: table}
    # The others follow when they have answered.
    modules = for {module, _it} <- state.endpoints, not asked?(state, module), do: module
    updates = Enum.map(modules, &address(state, &1))
    Tasks.start(__MODULE__, :address_all, [updates, table])
    {:noreply, state}
  end

  @impl true
  def handle_info(:look, state), do: {:noreply, look(state)}
  def handle_info(:settle, state), do: {:noreply, settled(state)}

  def handle_info(:refresh, state) do
    Process.send_after(self(), :refresh, @refresh_ms)
    state = rescan(state)
    running = for {module, %{is: :up}} <- state.endpoints, do: module
    {:noreply, Enum.reduce(running, find_all(state), &ask(&2, &1))}
  end

  # What an endpoint said.
  def handle_info({ref, answer}, state) when is_reference(ref) do
    case Map.pop(state.asked, ref) do
      {nil, _asked} ->
        {:noreply, state}

      {question, asked} ->
        Process.demonitor(ref, [:flush])
        {:noreply, %{state | asked: asked} |> answered(question, answer) |> settle() |> report()}
    end
  end

  def handle_info({:DOWN, ref, :process, pid, why}, state) do
    case Map.pop(state.asked, ref) do
      {nil, _asked} ->
        {:noreply, state |> down(ref, pid) |> settle() |> report()}

      {question, asked} ->
        {:noreply, %{state | asked: asked} |> failed(question, why) |> settle() |> report()}
    end
  end

  def handle_info({:late, ref}, state) do
    with %{^ref => question} <- state.asked do
      # Its end comes as a message.
      Tasks.stop(question.task)
    end

    {:noreply, state}
  end

  def handle_info({:ask, module}, state) do
    if state.endpoints[module].is == :up,
      do: {:noreply, ask(state, module)},
      else: {:noreply, state}
  end

  def handle_info(_other, state), do: {:noreply, state}

  @impl true
  def terminate(_why, state) do
    if state.telemetry?, do: Optional.call(:telemetry, :detach, [{__MODULE__, @event}])
  catch
    # It may have stopped before us.
    :exit, _why -> :ok
  end

  # Returns whether telemetry tells of endpoints that start. Nothing orders its start before ours, and
  # before that it exits.
  defp attach do
    # From a process before this one the handler may still be there, and is as good.
    handler = [{__MODULE__, @event}, @event, &__MODULE__.handle_event/4, nil]
    loaded? = Code.ensure_loaded?(:telemetry)
    if loaded?, do: Optional.call(:telemetry, :attach, handler)
    loaded?
  catch
    :exit, _why -> false
  end

  defp attach_late(%{telemetry?: false} = state) do
    if Process.whereis(:telemetry_handler_table),
      do: %{state | telemetry?: attach()},
      else: state
  end

  defp attach_late(state), do: state

  ## Looking

  defp look(state) do
    state = state |> attach_late() |> rescan() |> find_all() |> settle()
    # Later telemetry tells.
    unless state.settled? and state.telemetry?, do: Process.send_after(self(), :look, @look_ms)
    state
  end

  defp find_all(state), do: Enum.reduce(Map.keys(state.endpoints), state, &find(&2, &1))

  defp find(state, module) do
    case Process.whereis(module) do
      nil -> state
      pid -> up(state, module, pid)
    end
  end

  # Applications may be loaded while the VM runs, by Mix or by hand.
  defp rescan(state) do
    case loaded() do
      apps when apps == state.apps ->
        state

      apps ->
        new =
          for {app, module} <- PhoenixEndpoint.all(),
              not Map.has_key?(state.endpoints, module),
              do: {app, module}

        Enum.reduce(new, %{state | apps: apps}, fn {app, module}, state ->
          learn(state, app, module)
        end)
    end
  end

  defp loaded,
    do: Enum.sort(for {app, _description, _version} <- Application.loaded_applications(), do: app)

  defp learn(state, _app, module) when map_size(state.endpoints) >= @endpoints_max do
    Logger.warning(
      "#{inspect(module)} is not told to the gateway: it takes #{@endpoints_max} endpoints"
    )

    state
  end

  defp learn(state, app, module) do
    endpoints = Map.put(state.endpoints, module, endpoint(app))
    known = for {module, %{app: app}} <- endpoints, do: {app, module}
    given = Urls.hosts(known, state.options)

    originals =
      Map.merge(Urls.prepare([{app, module}], %{state.options | urls: :keep}), state.originals)

    %{state | endpoints: endpoints, originals: originals, given: given}
  end

  # The first report is a whole one: the gateway listens by it, and a host that it doesn't know yet
  # would be answered 404.
  defp settle(%{settled?: true} = state), do: state

  defp settle(state) do
    booted? = state.options.surroundings.env == nil and match?({:started, _}, :init.get_status())
    started = started()

    if Enum.any?(state.endpoints, fn {_module, it} ->
         coming?(it, booted? or it.app in started)
       end),
       do: state,
       else: settled(state)
  end

  # Nobody answers while an application stops.
  defp started do
    for {app, _description, _version} <- Application.started_applications(@started_ms), do: app
  catch
    :exit, _why -> []
  end

  defp coming?(%{is: :starting}, _started?), do: true
  defp coming?(%{is: :down}, started?), do: not started?
  defp coming?(_endpoint, _started?), do: false

  defp settled(state), do: report(%{state | settled?: true})

  ## One endpoint

  defp up(state, module, pid) do
    case state.endpoints do
      %{^module => %{pid: ^pid}} ->
        state

      %{^module => endpoint} ->
        if endpoint.monitor, do: Process.demonitor(endpoint.monitor, [:flush])
        monitor = Process.monitor(pid)

        state
        |> put(module, %{endpoint | pid: pid, monitor: monitor, is: :starting, private: nil})
        |> ask(module)

      # One too many.
      _unknown ->
        state
    end
  end

  defp down(state, ref, pid) do
    found =
      Enum.find(state.endpoints, fn {_module, it} -> it.monitor == ref or it.private == pid end)

    case found do
      {module, %{monitor: ^ref} = it} ->
        put(state, module, %{it | pid: nil, monitor: nil, is: :down, private: nil})

      # Its listener ended, the endpoint didn't.
      {module, %{is: :up} = it} ->
        Process.send_after(self(), {:ask, module}, @again_ms)
        put(state, module, %{it | private: nil})

      {module, it} ->
        put(state, module, %{it | private: nil})

      nil ->
        state
    end
  end

  defp ask(state, module) do
    if asked?(state, module) do
      state
    else
      endpoint = Map.put(state.endpoints[module], :module, module)
      given = state.given[module]
      # Before the gateway's word, so that an endpoint has its address when the gateway accepts.
      port = List.first(state.options.ports)
      update = if state.routed == nil, do: update(state, module, given, port)
      arguments = [state.options, endpoint, state.originals[module], given, update]
      task = Tasks.async(__MODULE__, :words, arguments)
      Process.send_after(self(), {:late, task.ref}, @ask_ms)
      question = %{module: module, pid: endpoint.pid, task: task.pid}
      %{state | asked: Map.put(state.asked, task.ref, question)}
    end
  end

  defp asked?(state, module),
    do: Enum.any?(state.asked, fn {_ref, question} -> question.module == module end)

  defp answered(state, question, {:exit, why}) do
    # Where it has ended, that comes as a message of its own.
    if Process.alive?(question.pid),
      do: failed(state, question, why),
      else: ask_again(state, question)
  end

  defp answered(state, %{module: module, pid: pid} = question, {words, private}) do
    case state.endpoints[module] do
      %{pid: ^pid, is: is} = endpoint when is in [:starting, :up] ->
        if private && private != endpoint.private, do: Process.monitor(private)
        log_failure(module, words, endpoint.words)
        state = put(state, module, %{endpoint | is: :up, words: words, private: private})
        if state.routed, do: Tasks.start(Urls, :update, address(state, module))
        state

      _other ->
        ask_again(state, question)
    end
  end

  # An endpoint that was started again while the one before was asked.
  defp ask_again(state, %{module: module, pid: pid}) do
    case state.endpoints[module] do
      %{pid: another, is: :starting} when another != pid -> ask(state, module)
      _stopped_or_stopping -> state
    end
  end

  defp log_failure(_module, %{bound: bound}, %{bound: bound}), do: :ok

  defp log_failure(module, %{bound: {:failed, why}}, _words),
    do: Logger.error("#{inspect(module)} can't be reached by the gateway: #{why}")

  defp log_failure(_module, _words, _before), do: :ok

  defp failed(state, %{module: module, pid: pid} = question, why) do
    case state.endpoints[module] do
      %{is: :starting, pid: ^pid} = endpoint ->
        why = reason(why)
        Logger.warning("asking #{inspect(module)} where it listens: #{why}")
        words = %{module: inspect(module), app: to_string(endpoint.app), bound: {:failed, why}}

        put(state, module, %{endpoint | is: :up, words: words})

      _other ->
        ask_again(state, question)
    end
  end

  # Without what the process was given, which may be configuration.
  defp reason({why, {module, function, arguments}})
       when is_atom(module) and is_atom(function) and is_list(arguments),
       do: reason(why)

  defp reason({why, [_ | _] = _stacktrace}), do: reason(why)
  defp reason(%{__exception__: true} = error), do: Exception.message(error)
  defp reason(why) when is_atom(why), do: inspect(why)
  defp reason({:shutdown, why}), do: reason(why)
  defp reason(_why), do: "it failed"

  defp put(state, module, endpoint), do: put_in(state.endpoints[module], endpoint)

  @doc false
  # Runs as a task.
  def words(options, endpoint, original, given, update) do
    %{app: app, module: module, pid: pid} = endpoint
    # Answered when all its children are started.
    _ = Supervisor.count_children(pid)
    if update, do: apply(Urls, :update, update)
    words = PhoenixEndpoint.describe(app, module, original, given)
    {bound, private} = listener(options, endpoint, original)
    {if(bound, do: Map.put(words, :bound, elem(bound, 1)), else: words), private}
  rescue
    # Its table has gone.
    error in ArgumentError -> {:exit, error}
  catch
    # It ends, or a part of it: no reason for a crash of ours, which would be logged whole.
    :exit, why -> {:exit, why}
  end

  defp listener(_options, %{private: private}, _original) when private != nil do
    {{:ok, {:ok, {:local, Private.path(private)}}}, private}
  end

  defp listener(options, %{module: module} = endpoint, original) do
    config = PhoenixEndpoint.running_config(module) || []
    http = config[:http]

    cond do
      not PhoenixEndpoint.serves?(config) ->
        {PhoenixEndpoint.bound(module), nil}

      http not in [nil, false] and options.private == :needed and
          PhoenixEndpoint.http_port(http) not in options.ports ->
        {PhoenixEndpoint.bound(module), nil}

      not PhoenixEndpoint.private?(module) ->
        why =
          "before Phoenix 1.7 an endpoint's sockets need its own listener: give it " <>
            "http: [port: …], another port than the gateway's"

        {{:ok, {:failed, why}}, nil}

      http in [nil, false] ->
        private(endpoint, original[:http] || [])

      true ->
        # It started before the package could keep it from opening its port.
        Server.close_own_port(endpoint.pid, module)
        private(endpoint, http)
    end
  end

  defp private(%{app: app, module: module, pid: pid}, http) do
    facts = %{
      app: app,
      module: module,
      supervisor: pid,
      http: http,
      leave: fn -> leave(module) end
    }

    case DynamicSupervisor.start_child(ExServiceMeshRouter.Privates, {Private, facts}) do
      {:ok, private} ->
        {{:ok, {:ok, {:local, Private.path(private)}}}, private}

      {:error, {:shutdown, why}} when is_binary(why) ->
        {{:ok, {:failed, why}}, nil}

      {:error, why} ->
        {{:ok, {:failed, inspect(why)}}, nil}
    end
  end

  ## Telling

  @doc false
  # Runs as a task.
  def address_all(updates, table) do
    Enum.each(updates, &apply(Urls, :update, &1))
    Gateway.addressed(table)
  end

  # By the gateway's names and port.
  defp address(%{routed: {port, hosts}} = state, module) do
    prepared = state.given[module]

    host =
      case Map.get(hosts, inspect(module), []) do
        # Not yet, or not in a gateway that isn't in development.
        [] -> if state.endpoints[module].is == :up, do: nil, else: prepared
        # Another domain than was thought.
        known -> if prepared == nil or prepared in known, do: prepared, else: hd(known)
      end

    update(state, module, host, port)
  end

  defp update(state, module, host, port) do
    address = %{prepared: state.given[module], host: host, port: port}
    [{state.endpoints[module].app, module}, state.originals[module], address, state.options]
  end

  defp report(state, from \\ nil)

  defp report(%{settled?: false} = state, from),
    do: tap(state, fn _ -> from && GenServer.reply(from, :ok) end)

  defp report(state, from) do
    report =
      for {module, %{words: words} = it} when words != nil <- Enum.sort(state.endpoints) do
        {module, if(it.is == :up, do: words, else: Map.put(words, :bound, :stopped))}
      end

    if report != state.reported or from != nil do
      silent = for {module, %{is: :up}} <- state.endpoints, not serving?(module), do: module
      Gateway.report(Enum.map(report, &elem(&1, 1)), Enum.sort(silent), from)
    end

    %{state | reported: report}
  end

  defp serving?(module), do: PhoenixEndpoint.serves?(PhoenixEndpoint.running_config(module))
end
