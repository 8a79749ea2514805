defmodule ExServiceMeshRouter.Tasks do
  @moduledoc false
  # Questions to processes that may not answer: endpoints, their supervisors, other nodes. None is
  # worth waiting for when the package stops.

  @options [shutdown: :brutal_kill]

  def child_spec(_argument), do: Task.Supervisor.child_spec(name: __MODULE__)

  @doc """
  Asks, and has the answer sent to the caller as a task's.
  """
  @spec async(module(), atom(), [term()]) :: Task.t()
  def async(module, function, arguments),
    do: Task.Supervisor.async_nolink(__MODULE__, module, function, arguments, @options)

  @doc """
  Does something of which nobody waits for the end.
  """
  @spec start(module(), atom(), [term()]) :: :ok
  def start(module, function, arguments) do
    {:ok, _pid} = Task.Supervisor.start_child(__MODULE__, module, function, arguments, @options)

    :ok
  end

  @doc """
  Ends a task that takes too long.
  """
  @spec stop(pid()) :: :ok
  def stop(task) do
    # It may have ended by itself.
    _ = Task.Supervisor.terminate_child(__MODULE__, task)
    :ok
  end
end
