defmodule ExServiceMeshRouter.Telemetry do
  @moduledoc false
  # The events that ExServiceMeshRouter's documentation lists, where the application has telemetry.

  alias ExServiceMeshRouter.Optional

  @app :ex_service_mesh_router

  @spec up([String.t()], map()) :: :ok
  def up(addresses, welcome) do
    execute([:gateway, :up], %{}, %{
      addresses: addresses,
      version: welcome[:version],
      os_pid: welcome[:os_pid]
    })
  end

  @spec down(String.t()) :: :ok
  def down(reason), do: execute([:gateway, :down], %{}, %{reason: reason})

  @doc """
  Tells in what two tables differ.
  """
  @spec routes([map()], [map()]) :: :ok
  def routes(before, now) do
    before = Enum.map(before, &route/1)
    now = Enum.map(now, &route/1)
    for route <- before -- now, do: execute([:route, :removed], %{}, route)
    for route <- now -- before, do: execute([:route, :added], %{}, route)
    :ok
  end

  defp route(route), do: Map.take(route, [:host, :subdomains, :service])

  @doc """
  Tells what was counted since the last time.
  """
  @spec counts(map(), map()) :: :ok
  def counts(before, now) do
    for {service, counts} <- now do
      last = last(Map.get(before, service), counts)

      measurements = %{
        requests: counts.requests - last.requests,
        errors: counts.errors - last.errors,
        websockets: counts.websockets
      }

      execute([:requests], measurements, %{service: service})
    end

    :ok
  end

  # Who has counted less than before has begun anew.
  defp last(%{requests: last} = before, %{requests: now}) when last <= now, do: before
  defp last(_before, _now), do: %{requests: 0, errors: 0}

  defp execute(event, measurements, metadata) do
    if Code.ensure_loaded?(:telemetry),
      do: Optional.call(:telemetry, :execute, [[@app | event], measurements, metadata]),
      else: :ok
  end
end
