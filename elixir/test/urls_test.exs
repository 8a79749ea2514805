defmodule ExServiceMeshRouter.UrlsTest do
  use ExUnit.Case

  import ExServiceMeshRouter.Wait

  alias ExServiceMeshRouter.{Options, Package, TestGateway, Urls}

  @options %Options{ports: [4000], urls: :gateway, development?: true}

  defp changes(original, host \\ "auth.localhost", port \\ 4000, options \\ @options),
    do: Urls.changes(original, host, port, options)

  test "an endpoint at localhost gets its name and the gateway's port" do
    origin = [check_origin: ["//auth.localhost", "//*.auth.localhost"]]
    url = [host: "auth.localhost", scheme: "http", port: 4000]
    assert changes([]) == [url: url] ++ origin
    assert changes(url: [host: "localhost"]) == [url: url] ++ origin
    assert changes(url: [path: "/a", port: 1]) == [url: [path: "/a"] ++ url] ++ origin
    assert changes(url: [host: nil], check_origin: false) == [url: url]
    assert changes(url: [], check_origin: ["//a.test"]) == [url: url]

    assert changes(url: [], static_url: [path: "/s"], check_origin: :conn) == [
             url: url,
             static_url: [path: "/s"] ++ url
           ]

    assert changes(static_url: [host: "cdn.test"]) == [url: url] ++ origin

    assert changes([], "auth.localhost", nil) ==
             [url: [host: "auth.localhost", scheme: "http"]] ++ origin
  end

  test "an endpoint with a host of its own keeps it, and what is TLS's" do
    http = [server: true, http: [port: 4001]]
    hosts = ["//auth.local", "//*.auth.local", "//auth.localhost", "//*.auth.localhost"]
    origin = [check_origin: hosts]
    assert changes([url: [host: "auth.local", port: 4001]] ++ http) == origin
    assert changes([url: [host: "auth.local"], check_origin: false] ++ http) == []
    assert changes([url: [host: "localhost", scheme: "https"]] ++ http) == []
    # Nothing listens at a port of its own.
    assert changes(server: true, url: [host: "auth.local", port: 4001]) ==
             [url: [port: 4000, host: "auth.local"]] ++ origin
  end

  test "http is closed where the port is the gateway's" do
    assert changes([server: true, http: [port: 4000]], nil) == [http: false]
    assert changes([server: true, http: [port: "4000"]], nil) == [http: false]
    # Both web servers take 4000 where none is named.
    assert changes([server: true, http: [ip: {127, 0, 0, 1}]], nil) == [http: false]
    assert changes([server: true, http: [:inet6, port: 4001]], nil) == []
    assert changes([server: false, http: [port: 4000]], nil) == []

    assert changes([server: true, http: [port: 4001]], nil, nil, %{@options | private: :all}) == [
             http: false
           ]
  end

  test "only development gives names" do
    endpoints = [auth_web: AuthWeb.Endpoint]
    assert Urls.hosts(endpoints, @options) == %{AuthWeb.Endpoint => "auth.localhost"}

    assert Urls.hosts(endpoints, %{@options | domain: "acme.test"}) == %{
             AuthWeb.Endpoint => "auth.acme.test"
           }

    assert Urls.hosts(endpoints, %{@options | development?: false}) == %{}
    assert Urls.hosts(endpoints, %{@options | urls: :keep}) == %{}
  end

  defp start(gateway, options) do
    Package.start([enabled: true, gateway: "unix:" <> gateway.path] ++ options)
    {gateway, _hello} = TestGateway.accept(gateway)
    gateway
  end

  # Endpoints of the tests are of the application :elixir.
  defp route(gateway, module, host) do
    TestGateway.report(gateway, fn endpoints ->
      Enum.any?(endpoints, &(&1.module == inspect(module)))
    end)

    TestGateway.say(
      gateway,
      {:routes, 1, [%{host: host, subdomains: "one", service: inspect(module)}]}
    )

    TestGateway.say(gateway, {:listening, ["127.0.0.1:4567"]})
  end

  describe "in a running endpoint" do
    setup do
      gateway = TestGateway.listen()
      on_exit(fn -> TestGateway.close(gateway) end)
      config = [server: true, http: [ip: {127, 0, 0, 1}, port: 0], custom: 1]
      %{gateway: gateway, web: Package.endpoint("LinksWeb", config)}
    end

    test "the name is there from the start, and the port as soon as it is known", %{
      gateway: gateway,
      web: web
    } do
      gateway = start(gateway, port: 4321)
      Package.start_endpoint(web)
      assert web.config(:url)[:host] == "elixir.localhost"
      assert web.config(:url)[:port] == 4321
      assert web.config(:check_origin) == ["//elixir.localhost", "//*.elixir.localhost"]

      route(gateway, web, "elixir.localhost")
      # Who knows the address finds the endpoint knowing it too.
      assert ExServiceMeshRouter.url(web) == "http://elixir.localhost:4567"
      assert web.url() == "http://elixir.localhost:4567"
      assert web.config(:custom) == 1
      assert {:ok, _address} = web.server_info(:http)

      Package.stop_endpoint(web)
      Package.start_endpoint(web)
      assert web.url() == "http://elixir.localhost:4567"
    end

    test "an endpoint that started before is changed too, with what its start added", %{
      gateway: gateway,
      web: web
    } do
      {:ok, pid} = web.start_link(only_at_start: 2)
      Process.unlink(pid)
      assert web.config(:url)[:host] == "localhost"
      gateway = start(gateway, [])
      route(gateway, web, "elixir.localhost")
      eventually("the address", fn -> web.url() == "http://elixir.localhost:4567" end)
      assert web.config(:only_at_start) == 2
      assert web.config(:custom) == 1
    end

    test "the gateway is told the endpoint's own words", %{gateway: gateway, web: web} do
      gateway = start(gateway, [])
      Package.start_endpoint(web)
      assert web.config(:url)[:host] == "elixir.localhost"
      told = TestGateway.report(gateway, &match?([_one], &1))
      assert [%{url: []}] = told
    end

    test "a gateway that has no such name is followed", %{gateway: gateway, web: web} do
      gateway = start(gateway, [])
      Package.start_endpoint(web)
      assert web.config(:url)[:host] == "elixir.localhost"
      TestGateway.report(gateway, &match?([_one], &1))
      TestGateway.say(gateway, {:routes, 1, []})
      TestGateway.say(gateway, {:listening, ["0.0.0.0:4567"]})
      eventually("the address of before", fn -> web.config(:url)[:host] == "localhost" end)
      assert web.config(:check_origin) == true
    end

    test "urls: :keep changes nothing", %{gateway: gateway, web: web} do
      gateway = start(gateway, urls: :keep)
      Package.start_endpoint(web)
      route(gateway, web, "elixir.localhost")
      assert ExServiceMeshRouter.url(web) == "http://elixir.localhost:4567"
      assert web.config(:url) == [host: "localhost", path: "/"]
      assert web.config(:check_origin) == true
    end

    test "the package forgets nothing when it is started again", %{gateway: gateway, web: web} do
      _gateway = start(gateway, port: 4321)
      assert Application.get_env(Package.app(), web)[:url][:host] == "elixir.localhost"
      Package.start(enabled: true, gateway: "unix:" <> gateway.path, urls: :keep)
      refute Application.get_env(Package.app(), web)[:url]
    end
  end
end
