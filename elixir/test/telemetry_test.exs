defmodule ExServiceMeshRouter.TelemetryTest do
  # The events that ExServiceMeshRouter's documentation lists.
  use ExUnit.Case

  import ExServiceMeshRouter.Wait

  alias ExServiceMeshRouter.{Package, TestGateway}

  @events [
    [:ex_service_mesh_router, :gateway, :up],
    [:ex_service_mesh_router, :gateway, :down],
    [:ex_service_mesh_router, :route, :added],
    [:ex_service_mesh_router, :route, :removed],
    [:ex_service_mesh_router, :requests]
  ]

  @wait_ms 20_000

  def handle_event([_app | event], measurements, metadata, test),
    do: send(test, {event, measurements, metadata})

  setup do
    for event <- @events,
        do: :telemetry.attach({__MODULE__, event}, event, &__MODULE__.handle_event/4, self())

    on_exit(fn -> for event <- @events, do: :telemetry.detach({__MODULE__, event}) end)
    gateway = TestGateway.listen()
    on_exit(fn -> TestGateway.close(gateway) end)
    Package.start(enabled: true, gateway: "unix:" <> gateway.path)
    {gateway, _hello} = TestGateway.accept(gateway)
    %{gateway: gateway}
  end

  defp route(name), do: %{host: "#{name}.localhost", subdomains: "one", service: name}

  test "telemetry may start after the package", %{gateway: gateway} do
    id = {ExServiceMeshRouter.Endpoints, [:phoenix, :endpoint, :init]}
    Package.stop()
    TestGateway.hang_up(gateway)
    :telemetry.stop()
    on_exit(fn -> :persistent_term.erase(:telemetry) end)
    Package.start(enabled: true, gateway: "unix:" <> gateway.path)
    refute :telemetry.attached?(id)

    table = :telemetry.start_again()
    on_exit(fn -> send(table, :stop) end)
    eventually("the handler", fn -> :telemetry.attached?(id) end)
  end

  test "the gateway comes and goes", %{gateway: gateway} do
    TestGateway.say(gateway, {:listening, ["127.0.0.1:1"]})

    assert_receive {[:gateway, :up], %{},
                    %{addresses: ["127.0.0.1:1"], version: "0.0.0", os_pid: 1}},
                   @wait_ms

    TestGateway.hang_up(gateway)
    assert_receive {[:gateway, :down], %{}, %{reason: "closed the connection"}}, @wait_ms
  end

  test "routes come and go, and stay through the gateway's restart", %{gateway: gateway} do
    [a, b] = [route("a"), route("b")]
    TestGateway.say(gateway, {:routes, 1, [a]})
    assert_receive {[:route, :added], %{}, ^a}, @wait_ms
    TestGateway.say(gateway, {:routes, 2, [b]})
    assert_receive {[:route, :removed], %{}, ^a}, @wait_ms
    assert_receive {[:route, :added], %{}, ^b}, @wait_ms

    {gateway, _hello} = gateway |> TestGateway.hang_up() |> TestGateway.accept()
    TestGateway.say(gateway, {:routes, 1, [b, a]})
    assert_receive {[:route, :added], %{}, ^a}, @wait_ms
    refute_received {[:route, _any], %{}, ^b}
  end

  test "requests are those since the last time", %{gateway: gateway} do
    # It may have counted for long before this VM came.
    TestGateway.say(gateway, {:counts, %{"a" => %{requests: 5, errors: 1, websockets: 2}}})

    assert_receive {[:requests], %{requests: 0, errors: 0, websockets: 2}, %{service: "a"}},
                   @wait_ms

    TestGateway.say(gateway, {:counts, %{"b" => %{requests: 4, errors: 0, websockets: 0}}})

    assert_receive {[:requests], %{requests: 4, errors: 0, websockets: 0}, %{service: "b"}},
                   @wait_ms

    TestGateway.say(gateway, {:counts, %{"a" => %{requests: 7, errors: 1, websockets: 0}}})

    assert_receive {[:requests], %{requests: 2, errors: 0, websockets: 0}, %{service: "a"}},
                   @wait_ms

    # The same gateway counts on while nobody listens.
    {gateway, _hello} = gateway |> TestGateway.hang_up() |> TestGateway.accept()
    TestGateway.say(gateway, {:counts, %{"a" => %{requests: 9, errors: 1, websockets: 0}}})

    assert_receive {[:requests], %{requests: 2, errors: 0, websockets: 0}, %{service: "a"}},
                   @wait_ms

    # Another gateway counts anew.
    {gateway, _hello} = gateway |> TestGateway.hang_up() |> TestGateway.accept()
    TestGateway.say(gateway, {:counts, %{"a" => %{requests: 3, errors: 0, websockets: 0}}})

    assert_receive {[:requests], %{requests: 3, errors: 0, websockets: 0}, %{service: "a"}},
                   @wait_ms
  end
end
