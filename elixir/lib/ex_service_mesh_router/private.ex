defmodule ExServiceMeshRouter.Private do
  @moduledoc false
  # The private listener of one endpoint: a Unix socket that only this user's gateway can reach, and
  # the web server behind it.
  #
  # It isn't a child of the endpoint's supervisor: there it would stop before the sockets are
  # drained, and a listener that can't start would take the endpoint with it. Instead a `Terminator`
  # among the endpoint's children says when the endpoint is about to stop, and this process ends
  # after the endpoint's supervisor has.

  use GenServer, restart: :temporary, shutdown: 20_000

  alias ExServiceMeshRouter.Private.{Folder, InProgress, Server, Terminator}

  # What requests in progress get once their endpoint is gone.
  @stop_ms 18_000
  @sweep_ms 60_000

  @type facts :: %{
          app: atom(),
          module: module(),
          supervisor: pid(),
          http: keyword(),
          leave: (() -> :ok)
        }

  @doc """
  Starts to listen for an endpoint that runs as `supervisor`. `http` is what its configuration says
  of its web server, and `leave` is called when it is about to stop.
  """
  @spec start_link(facts()) :: GenServer.on_start()
  def start_link(facts), do: GenServer.start_link(__MODULE__, facts)

  @doc """
  Returns the socket's path.
  """
  @spec path(pid()) :: Path.t()
  def path(private), do: GenServer.call(private, :path)

  @doc """
  Stops to accept; what is connected stays so.
  """
  @spec suspend(pid()) :: :ok
  def suspend(private), do: GenServer.call(private, :suspend)

  @impl true
  def init(facts) do
    Process.flag(:trap_exit, true)
    monitor = Process.monitor(facts.supervisor)
    requests = InProgress.new()

    with {:ok, path} <- Folder.socket(facts.app),
         {:ok, server} <- Server.start_link(facts, path, requests),
         # In a folder that is ours alone, so nobody comes between.
         :ok <- File.chmod(path, 0o600) do
      terminator = {Terminator, %{private: self(), requests: requests, leave: facts.leave}}
      Process.send_after(self(), :sweep, @sweep_ms)
      # A call to the endpoint's supervisor, which may be calling us by its terminator.
      {:ok, %{path: path, server: server, monitor: monitor, requests: requests},
       {:continue, {:terminator, facts.supervisor, terminator}}}
    else
      {:error, why} -> {:stop, {:shutdown, why}}
    end
  end

  @impl true
  def handle_continue({:terminator, supervisor, terminator}, state) do
    # One that is being stopped goes down without.
    _ = catch_exit(fn -> Supervisor.start_child(supervisor, terminator) end)
    {:noreply, state}
  end

  @impl true
  def handle_call(:path, _from, state), do: {:reply, state.path, state}
  def handle_call(:suspend, _from, state), do: {:reply, Server.suspend(state.server), state}

  @impl true
  def handle_info({:DOWN, monitor, :process, _pid, _why}, %{monitor: monitor} = state),
    do: {:stop, :normal, state}

  def handle_info({:EXIT, pid, why}, state) do
    if pid == Server.pid(state.server) do
      {:stop, {:shutdown, {:listener, why}}, state}
    else
      {:noreply, state}
    end
  end

  def handle_info(:sweep, state) do
    InProgress.forget_killed(state.requests)
    Process.send_after(self(), :sweep, @sweep_ms)
    {:noreply, state}
  end

  def handle_info(_other, state), do: {:noreply, state}

  @impl true
  def terminate(_why, state) do
    _ = catch_exit(fn -> Supervisor.stop(Server.pid(state.server), :shutdown, @stop_ms) end)
    Folder.remove(state.path)
  end

  defp catch_exit(function) do
    function.()
  catch
    :exit, why -> {:error, why}
  end
end
