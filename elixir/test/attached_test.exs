defmodule ExServiceMeshRouter.AttachedTest do
  # What the VM tells a gateway, seen from the gateway's side of a socket.
  use ExUnit.Case

  import ExServiceMeshRouter.Wait
  import ExUnit.CaptureLog

  alias ExServiceMeshRouter.{Package, TestGateway}

  setup do
    gateway = TestGateway.listen()
    on_exit(fn -> TestGateway.close(gateway) end)
    %{gateway: gateway}
  end

  defp start(gateway, options \\ []) do
    Package.start([enabled: true, gateway: "unix:" <> gateway.path] ++ options)
    TestGateway.accept(gateway)
  end

  defp words(endpoints, module), do: Enum.find(endpoints, &(&1.module == inspect(module)))

  defp bound?(endpoints, module, bound), do: match?(%{bound: ^bound}, words(endpoints, module))

  test "the VM says who it is, without settings that are not this gateway's", %{gateway: gateway} do
    {_gateway, hello} = start(gateway, port: 4010)
    assert hello.os_pid == String.to_integer(System.pid())
    assert {:ok, String.to_charlist(hello.host)} == :inet.gethostname()
    assert hello.env == "test"
    assert hello.node == nil
    assert hello.package == "0.1.0"
    assert hello.root == File.cwd!()
    refute Map.has_key?(hello, :settings)
  end

  test "an endpoint that was up before is found, and told in its own words", %{gateway: gateway} do
    early =
      Package.endpoint("EarlyWeb",
        server: true,
        http: [:inet, ip: {127, 0, 0, 1}, port: 0],
        url: [path: "/a"]
      )

    Package.start_endpoint(early)
    {gateway, _hello} = start(gateway, urls: :keep)
    words = gateway |> TestGateway.report() |> words(early)
    {:ok, address} = early.server_info(:http)

    assert words == %{
             module: "EarlyWeb.Endpoint",
             app: "elixir",
             url: [host: "localhost", path: "/a"],
             http: [ip: {127, 0, 0, 1}, port: 0],
             adapter: Phoenix.Endpoint.Cowboy2Adapter,
             bound: {:ok, address}
           }
  end

  test "an endpoint that starts, stops and starts again is followed", %{gateway: gateway} do
    late = Package.endpoint("LateWeb", server: true, http: [ip: {127, 0, 0, 1}, port: 0])
    {gateway, _hello} = start(gateway)
    assert gateway |> TestGateway.report() |> words(late) == nil

    Package.start_endpoint(late)
    {:ok, address} = late.server_info(:http)
    TestGateway.report(gateway, &bound?(&1, late, {:ok, address}))

    Package.stop_endpoint(late)
    TestGateway.report(gateway, &bound?(&1, late, :stopped))

    Package.start_endpoint(late)
    {:ok, address} = late.server_info(:http)
    TestGateway.report(gateway, &bound?(&1, late, {:ok, address}))
  end

  test "an endpoint that doesn't serve is left so, and said", %{gateway: gateway} do
    silent = Package.endpoint("SilentWeb", server: false, http: [ip: {127, 0, 0, 1}, port: 0])
    Package.start_endpoint(silent)

    log =
      capture_log([level: :info], fn ->
        {gateway, _hello} = start(gateway)
        assert %{bound: {:error, _why}} = gateway |> TestGateway.report() |> words(silent)
        TestGateway.say(gateway, {:listening, ["127.0.0.1:4000"]})
        TestGateway.say(gateway, {:routes, 1, []})
        # It comes once the endpoints have their addresses.
        eventually("the line", fn -> :sys.get_state(ExServiceMeshRouter.Gateway).told end)
      end)

    assert log =~
             "gateway at 127.0.0.1:4000; no routes; not served: SilentWeb.Endpoint (server: false)"
  end

  test "a gateway that goes away is connected to again, and told all", %{gateway: gateway} do
    web = Package.endpoint("AgainWeb", server: true, http: [ip: {127, 0, 0, 1}, port: 0])
    Package.start_endpoint(web)
    {gateway, _hello} = start(gateway)
    first = TestGateway.report(gateway)

    {gateway, _hello} = gateway |> TestGateway.hang_up() |> TestGateway.accept()
    assert TestGateway.report(gateway) == first
    TestGateway.hang_up(gateway)
  end

  test "the VM takes leave when the package stops", %{gateway: gateway} do
    {gateway, _hello} = start(gateway)
    TestGateway.report(gateway)
    Package.stop()
    assert TestGateway.read(gateway) == :bye
    assert :gen_tcp.recv(gateway.socket, 0, 20_000) == {:error, :closed}
  end

  test "what the gateway tells is answered from, and one line says it", %{gateway: gateway} do
    web = Package.endpoint("LinkWeb", server: true, http: [ip: {127, 0, 0, 1}, port: 0])
    Package.start_endpoint(web)

    log =
      capture_log([level: :info], fn ->
        {gateway, _hello} = start(gateway)
        asked = Task.async(fn -> ExServiceMeshRouter.url(web, 20_000) end)
        TestGateway.report(gateway)
        TestGateway.say(gateway, {:listening, ["127.0.0.1:4321", "[::1]:4321"]})
        route = %{host: "link.localhost", subdomains: "one", service: "LinkWeb.Endpoint"}
        TestGateway.say(gateway, {:routes, 2, [Map.put(route, :later, 1)]})
        assert Task.await(asked, 20_000) == "http://link.localhost:4321"
        assert ExServiceMeshRouter.routes() == [route]
        assert ExServiceMeshRouter.listening() == ["127.0.0.1:4321", "[::1]:4321"]
        TestGateway.say(gateway, {:routes, 3, [route]})
      end)

    line = "gateway at 127.0.0.1:4321, [::1]:4321; http://link.localhost:4321 (LinkWeb.Endpoint)"
    assert length(String.split(log, line)) == 2, "once: #{log}"
  end

  test "a URL that there isn't is an error that says why", %{gateway: gateway} do
    assert_raise RuntimeError, ~r/enabled: true/, fn ->
      ExServiceMeshRouter.url(NoneWeb.Endpoint)
    end

    {gateway, _hello} = start(gateway)

    assert_raise RuntimeError, ~r/does not listen yet/, fn ->
      ExServiceMeshRouter.url(NoneWeb.Endpoint, 0)
    end

    TestGateway.say(gateway, {:listening, ["127.0.0.1:4321"]})
    eventually("the address", fn -> ExServiceMeshRouter.listening() != [] end)

    assert_raise RuntimeError, "the gateway has no route to NoneWeb.Endpoint", fn ->
      ExServiceMeshRouter.url(NoneWeb.Endpoint, 0)
    end
  end

  test "the gateway's log lines keep their level, text and fields", %{gateway: gateway} do
    log =
      capture_log(
        [metadata: [:host, :target, :domain], format: "$level $metadata$message\n"],
        fn ->
          {gateway, _hello} = start(gateway)
          fields = [{"host", "auth.localhost"}, {"why", "it is \"so\""}, {"unheard_of", "1"}]
          TestGateway.say(gateway, {:log, :warning, "registry", "conflict", fields})
          TestGateway.say(gateway, {:listening, ["127.0.0.1:1"]})
          eventually("the next message", fn -> ExServiceMeshRouter.listening() != [] end)
        end
      )

    assert log =~ ~S(conflict host=auth.localhost why="it is \"so\"" unheard_of=1)
    assert log =~ "host=auth.localhost target=registry"
    assert log =~ "warn"
  end

  test "a gateway that refuses is said once, and tried again", %{gateway: gateway} do
    begun = {:log, :info, "package", "VM attached", [{"node", "pid-1"}]}

    log =
      capture_log([level: :info], fn ->
        Package.start(enabled: true, gateway: "unix:" <> gateway.path)

        for _attempt <- 1..3 do
          {gateway, _hello} = TestGateway.accept(gateway)
          TestGateway.say(gateway, begun)
          # A socket that is closed with something unread loses what was said by it.
          TestGateway.report(gateway)
          TestGateway.say(gateway, {:refused, "one VM too many"})
          TestGateway.hang_up(gateway)
        end

        {gateway, _hello} = TestGateway.accept(gateway)
        TestGateway.say(gateway, begun)
        TestGateway.say(gateway, {:listening, ["127.0.0.1:1"]})
        eventually("the address", fn -> ExServiceMeshRouter.listening() != [] end)
      end)

    assert length(String.split(log, "the gateway refuses: one VM too many")) == 2, log
    # The first attempt's line, and that of the one that succeeded.
    assert length(String.split(log, "VM attached node=pid-1")) == 3, log
  end

  test "a gateway that isn't there is said once", %{gateway: gateway} do
    TestGateway.close(gateway)

    log =
      capture_log(fn ->
        Package.start(enabled: true, gateway: "unix:" <> gateway.path)

        assert_raise RuntimeError, ~r/no such file/, fn ->
          ExServiceMeshRouter.url(NoneWeb.Endpoint, 500)
        end
      end)

    assert length(String.split(log, "connecting to the gateway at #{gateway.path}")) == 2, log
  end

  test "an own key that is wrong starts nothing, and takes nothing down" do
    log = capture_log(fn -> Package.start(enabled: true, urls: :kept) end)

    assert log =~
             "config :ex_service_mesh_router: urls: :kept is not known, write :gateway or :keep"

    assert Process.whereis(ExServiceMeshRouter.Supervisor)
    assert ExServiceMeshRouter.routes() == []
  end
end
