defmodule ExServiceMeshRouter.HostTest do
  use ExUnit.Case

  import ExUnit.CaptureIO

  alias ExServiceMeshRouter.{Host, TestEndpoint}

  setup do
    before = Application.get_all_env(:ex_service_mesh_router)
    on_exit(fn -> Application.put_all_env(ex_service_mesh_router: before) end)
    on_exit(fn -> Application.delete_env(:ex_service_mesh_router, :mode) end)
    on_exit(fn -> Application.delete_env(:ex_service_mesh_router, :development) end)
  end

  defp mode(mode), do: Application.put_env(:ex_service_mesh_router, :mode, mode)

  defp bases(url) do
    TestEndpoint.put(url: url)
    Host.bases(TestEndpoint)
  end

  test "in production an endpoint has its own host alone, and none is invented" do
    mode("production")
    assert bases(host: "auth.example.org") == ["auth.example.org"]
    assert bases(host: "Auth.Example.ORG.") == ["auth.example.org"]

    for none <- ["localhost", "LOCALHOST", "example.com", "example.com.", "", nil, "127.0.0.1"] do
      assert bases(host: none) == [], inspect(none)
    end

    for none <- ["::1", "[::1]", "auth.local:4000", "*.auth.local", "http://auth.local", 42] do
      assert bases(host: none) == [], inspect(none)
    end

    assert bases([]) == []
    assert bases(nil) == []
  end

  test "in development an endpoint has its development name too" do
    assert Host.development?()
    assert bases(host: "localhost") == ["test.localhost"]
    assert bases(host: "auth.local") == ["auth.local", "test.localhost"]
    assert bases(host: "test.localhost") == ["test.localhost"]
    mode(:production)
    refute Host.development?()
  end

  test "the development domain is the gateway's" do
    Application.put_env(:ex_service_mesh_router, :development, domain: "acme.localhost")
    assert bases(host: "localhost") == ["test.acme.localhost"]
  end

  test "a host from a variable is looked up, as Phoenix does" do
    mode("production")
    System.put_env("MESH_ROUTER_TEST_HOST", "auth.example.org")
    on_exit(fn -> System.delete_env("MESH_ROUTER_TEST_HOST") end)
    assert bases(host: {:system, "MESH_ROUTER_TEST_HOST"}) == ["auth.example.org"]
    assert bases(host: {:system, "MESH_ROUTER_TEST_NO_HOST"}) == []
  end

  test "routes by hand lead to an endpoint too, however they are written" do
    mode("production")
    on_exit(fn -> Application.delete_env(:ex_service_mesh_router, :routes) end)

    for routes <- [
          [{"Auth.example.org.", endpoint: TestEndpoint, subdomains: :any}],
          [{"auth.example.org", endpoint: "ExServiceMeshRouter.TestEndpoint"}],
          ["auth.example.org": [endpoint: TestEndpoint]],
          %{"auth.example.org" => %{endpoint: TestEndpoint}}
        ] do
      Application.put_env(:ex_service_mesh_router, :routes, routes)
      assert bases(host: "example.com") == ["auth.example.org"], inspect(routes)
      assert bases(host: "auth.local") == ["auth.local", "auth.example.org"]
    end

    for routes <- [
          [{"other.example.org", endpoint: Other.Endpoint}],
          [{"other.example.org", upstreams: ["127.0.0.1:4002"]}],
          [{"localhost", endpoint: TestEndpoint}],
          [{"127.0.0.1", endpoint: TestEndpoint}],
          [{"auth.example.org", "nonsense"}, :nonsense, {{1, 2}, endpoint: TestEndpoint}],
          :nonsense
        ] do
      Application.put_env(:ex_service_mesh_router, :routes, routes)
      assert bases(host: "auth.local") == ["auth.local"], inspect(routes)
    end
  end

  test "an application's other endpoints are found among the modules of all applications" do
    endpoint = fn name ->
      """
      defmodule #{name} do
        @behaviour Phoenix.Endpoint
        def config(key), do: [otp_app: :mesh_twins_web, url: [host: "localhost"]][key]
      end
      """
    end

    # That it has few of the behaviour's functions is what the compiler warns of.
    capture_io(:stderr, fn ->
      Code.compile_string(endpoint.("MeshTwinsWeb.Endpoint"))
      Code.compile_string(endpoint.("MeshTwinsWeb.AdminEndpoint"))
    end)

    modules = [MeshTwinsWeb.Endpoint, MeshTwinsWeb.AdminEndpoint, MeshTwinsWeb.EndpointGone]
    :ok = :application.load({:application, :mesh_twins_web, modules: modules})
    on_exit(fn -> :application.unload(:mesh_twins_web) end)

    assert Host.bases(MeshTwinsWeb.AdminEndpoint) == ["mesh-twins-admin.localhost"]
    assert Host.bases(MeshTwinsWeb.Endpoint) == ["mesh-twins.localhost"]
  end

  test "an endpoint that is not started is read from its application's environment" do
    Code.compile_string("""
    defmodule MeshSleepyWeb.Endpoint do
      def config(key), do: :ets.lookup(__MODULE__, key)
    end
    """)

    :ok = :application.load({:application, :mesh_sleepy_web, modules: [MeshSleepyWeb.Endpoint]})
    on_exit(fn -> :application.unload(:mesh_sleepy_web) end)

    Application.put_env(:mesh_sleepy_web, MeshSleepyWeb.Endpoint,
      url: [host: "sleepy.example.org"]
    )

    assert Host.bases(MeshSleepyWeb.Endpoint) == ["sleepy.example.org", "mesh-sleepy.localhost"]
  end
end
