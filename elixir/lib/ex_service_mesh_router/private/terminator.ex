defmodule ExServiceMeshRouter.Private.Terminator do
  @moduledoc false
  # The last child of an endpoint's supervisor, so the first to stop: it takes the endpoint out of
  # the gateway's table, closes the private listener and waits for requests in progress, before the
  # endpoint drains its sockets.

  use GenServer, restart: :temporary, shutdown: 12_000

  alias ExServiceMeshRouter.Private
  alias ExServiceMeshRouter.Private.InProgress

  @requests_ms 10_000

  def child_spec(argument), do: %{super(argument) | id: {__MODULE__, argument.private}}

  @spec start_link(%{private: pid(), requests: InProgress.t(), leave: (() -> :ok)}) ::
          GenServer.on_start()
  def start_link(argument), do: GenServer.start_link(__MODULE__, argument)

  @impl true
  def init(argument) do
    Process.flag(:trap_exit, true)
    {:ok, Map.put(argument, :monitor, Process.monitor(argument.private))}
  end

  @impl true
  def handle_info({:DOWN, monitor, :process, _pid, _why}, %{monitor: monitor} = state),
    do: {:stop, :normal, Map.put(state, :private, nil)}

  def handle_info(_other, state), do: {:noreply, state}

  @impl true
  def terminate(_why, %{private: nil}), do: :ok

  def terminate(_why, state) do
    # A request on a connection that is kept alive would find the endpoint half gone, and only the
    # gateway can keep it back.
    state.leave.()
    Private.suspend(state.private)
    InProgress.wait(state.requests, @requests_ms)
  catch
    :exit, _why -> :ok
    # The table has gone with the listener.
    :error, :badarg -> :ok
  end
end
