defmodule :telemetry do
  @moduledoc false
  # The functions of `:telemetry` that are used, in its shape.

  def start, do: :ets.new(__MODULE__, [:named_table, :public, :bag])

  def attach(id, event, function, config) do
    if :ets.match(__MODULE__, {:_, id, :_, :_}) == [],
      do: :ets.insert(__MODULE__, {event, id, function, config}) && :ok,
      else: {:error, :already_exists}
  end

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
