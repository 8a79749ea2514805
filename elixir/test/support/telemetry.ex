defmodule :telemetry do
  @moduledoc false
  # The functions of `:telemetry` that are used, in its shape.

  def start, do: :ets.new(__MODULE__, [:named_table, :public, :bag])

  @doc """
  Has `attach` end as it does before `:telemetry` has started.
  """
  def stop, do: :persistent_term.put(__MODULE__, :stopped)

  @doc """
  Ends that, and shows the process that the real one has until it is stopped again.
  """
  def start_again do
    :persistent_term.erase(__MODULE__)
    pid = spawn(fn -> receive(do: (:stop -> :ok)) end)
    Process.register(pid, :telemetry_handler_table)
    pid
  end

  def attach(id, event, function, config) do
    if :persistent_term.get(__MODULE__, nil) == :stopped,
      do: exit({:noproc, {:gen_server, :call, [:telemetry_handler_table]}})

    if :ets.match(__MODULE__, {:_, id, :_, :_}) == [],
      do: :ets.insert(__MODULE__, {event, id, function, config}) && :ok,
      else: {:error, :already_exists}
  end

  def attached?(id), do: :ets.match(__MODULE__, {:_, id, :_, :_}) != []

  def detach(id) do
    :ets.match_delete(__MODULE__, {:_, id, :_, :_})
    :ok
  end

  def execute(event, measurements, metadata) do
    for {_event, _id, function, config} <- :ets.lookup(__MODULE__, event) do
      function.(event, measurements, metadata, config)
    end

    :ok
  end
end
