defmodule ExServiceMeshRouter.TenantPlugProductionTest do
  # Changes the application's environment, so it runs alone.
  use ExUnit.Case

  alias ExServiceMeshRouter.{TenantPlug, TestEndpoint}

  test "an endpoint without a host of its own is an error, and not tenants unseen" do
    Application.put_env(:ex_service_mesh_router, :mode, "production")
    on_exit(fn -> Application.delete_env(:ex_service_mesh_router, :mode) end)
    TestEndpoint.put(url: [host: "example.com"])
    conn = %Plug.Conn{host: "t1.example.org", private: %{phoenix_endpoint: TestEndpoint}}

    assert_raise ArgumentError, ~r/config :test_web, .*TestEndpoint, url: \[host: /, fn ->
      TenantPlug.call(conn, TenantPlug.init(base: :endpoint))
    end
  end
end
