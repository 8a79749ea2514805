defmodule ExServiceMeshRouter.Cluster do
  @moduledoc false
  # The endpoints of connected nodes, asked with deadlines. The nodes need not have this package, so
  # what is called there is of OTP and of the endpoints alone.

  use GenServer

  alias ExServiceMeshRouter.{Gateway, PhoenixEndpoint, Tasks}

  # Nothing tells that an endpoint of another node has started; a monitor tells that it stopped.
  @look_ms 1_000

  # For all of one node, and for each question.
  @node_ms 5_000
  @call_ms 1_000

  # How long a node that is gone is told of, as the gateway's own `forget`.
  @forget_ms 600_000

  @nodes_max 1_024
  @endpoints_max 256

  @spec start_link(term()) :: GenServer.on_start()
  def start_link(_argument), do: GenServer.start_link(__MODULE__, [], name: __MODULE__)

  @impl true
  def init(_argument) do
    :ok = :net_kernel.monitor_nodes(true)
    send(self(), :look)
    # Node → what its endpoints said last, the monitors of those, and the task that asks now.
    {:ok, %{nodes: %{}, reported: []}}
  end

  @impl true
  def handle_info(:look, state) do
    Process.send_after(self(), :look, @look_ms)
    {:noreply, Enum.reduce(Node.list(), state, &ask(&2, &1))}
  end

  def handle_info({:nodeup, node}, state), do: {:noreply, ask(state, node)}

  def handle_info({:nodedown, node}, state) do
    Process.send_after(self(), {:forget, node}, @forget_ms)
    {:noreply, state |> update(node, &%{&1 | seen?: false}) |> report()}
  end

  def handle_info({:forget, node}, state) do
    case state.nodes do
      %{^node => %{seen?: false}} ->
        {:noreply, report(%{state | nodes: Map.delete(state.nodes, node)})}

      _seen_again ->
        {:noreply, state}
    end
  end

  def handle_info({:late, task}, state) do
    Tasks.stop(task)
    {:noreply, state}
  end

  def handle_info({ref, {node, endpoints}}, state) when is_reference(ref) do
    Process.demonitor(ref, [:flush])

    asked = fn it ->
      Enum.each(it.monitors, &Process.demonitor(&1, [:flush]))

      monitors =
        for %{module: module} <- endpoints, do: Process.monitor({Module.concat([module]), node})

      %{it | seen?: true, task: nil, monitors: monitors, endpoints: endpoints}
    end

    {:noreply, state |> update(node, asked) |> report()}
  end

  # An endpoint has stopped, its node is gone, or a task ended without an answer.
  def handle_info({:DOWN, ref, :process, object, why}, state) do
    {:noreply, state |> down(ref, object, why) |> report()}
  end

  def handle_info(_other, state), do: {:noreply, state}

  # The node's going is told for all its endpoints at once.
  defp down(state, _ref, {_module, _node}, :noconnection), do: state

  defp down(state, _ref, {module, node}, _why) do
    gone = inspect(module)

    update(state, node, fn it ->
      %{it | endpoints: Enum.reject(it.endpoints, &(&1.module == gone))}
    end)
  end

  defp down(state, ref, _task, _why) do
    case Enum.find(state.nodes, fn {_node, it} -> it.task == ref end) do
      {node, _it} -> update(state, node, &%{&1 | task: nil})
      nil -> state
    end
  end

  defp ask(%{nodes: nodes} = state, node)
       when map_size(nodes) >= @nodes_max and not is_map_key(nodes, node),
       do: state

  defp ask(state, node) do
    case Map.get(state.nodes, node, %{seen?: true, task: nil, monitors: [], endpoints: []}) do
      %{task: nil} = it ->
        task = Tasks.async(__MODULE__, :endpoints, [node])

        Process.send_after(self(), {:late, task.pid}, @node_ms)
        %{state | nodes: Map.put(state.nodes, node, %{it | task: task.ref})}

      _asked ->
        state
    end
  end

  defp update(state, node, function) do
    case state.nodes do
      %{^node => it} -> %{state | nodes: Map.put(state.nodes, node, function.(it))}
      _unknown -> state
    end
  end

  defp report(state) do
    endpoints =
      for {node, it} <- Enum.sort(state.nodes), endpoint <- it.endpoints do
        Map.merge(endpoint, %{node: Atom.to_string(node), seen: it.seen?})
      end

    if endpoints != state.reported, do: Gateway.report_nodes(endpoints)
    %{state | reported: endpoints}
  end

  @doc false
  # Runs as a task.
  def endpoints(node) do
    names = call(node, :erlang, :registered, []) || []

    modules =
      for name <- names, match?("Elixir." <> _, Atom.to_string(name)), named?(name), do: name

    found =
      modules |> Enum.sort() |> Enum.filter(&endpoint?(node, &1)) |> Enum.take(@endpoints_max)

    {node, Enum.map(found, &words(node, &1))}
  end

  defp named?(name), do: name |> Atom.to_string() |> String.ends_with?("Endpoint")

  defp endpoint?(node, module) do
    attributes = call(node, module, :module_info, [:attributes]) || []
    Phoenix.Endpoint in List.flatten(Keyword.get_values(attributes, :behaviour))
  end

  # Never `secret_key_base`, nor all of the configuration.
  defp words(node, module) do
    url = call(node, module, :config, [:url])

    words = %{
      module: inspect(module),
      url: PhoenixEndpoint.url(url),
      http: PhoenixEndpoint.http(call(node, module, :config, [:http])),
      adapter: call(node, module, :config, [:adapter])
    }

    words =
      case bound(node, module) do
        {:ok, bound} -> Map.put(words, :bound, bound)
        nil -> words
      end

    case call(node, module, :config, [:otp_app]) do
      nil -> words
      app -> Map.put(words, :app, to_string(app))
    end
  end

  defp bound(node, module) do
    {:ok, PhoenixEndpoint.wire(:erpc.call(node, module, :server_info, [:http], @call_ms))}
  catch
    # Before Phoenix 1.7.10.
    :error, {:exception, :undef, [{^module, :server_info, _, _} | _]} -> nil
    kind, why -> {:ok, {:failed, Exception.format_banner(kind, why)}}
  end

  defp call(node, module, function, arguments) do
    :erpc.call(node, module, function, arguments, @call_ms)
  catch
    _kind, _why -> nil
  end
end
