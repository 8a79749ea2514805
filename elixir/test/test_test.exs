defmodule ExServiceMeshRouter.TestTest do
  use ExUnit.Case, async: true

  import ExServiceMeshRouter.Test

  alias ExServiceMeshRouter.{TenantPlug, TestEndpoint}

  @conn %Plug.Conn{private: %{phoenix_endpoint: TestEndpoint}}

  test "without a base only the assign is set" do
    conn = put_tenant(@conn, "t1")
    assert conn == %{@conn | assigns: %{tenant: "t1"}}
    assert put_tenant(conn, nil).assigns == %{tenant: nil}
    assert put_tenant(@conn, "t1", assign: :shop).assigns == %{shop: "t1"}
  end

  test "with a base a conn is as the plug leaves it, and comes through the plug as it is" do
    TestEndpoint.put(url: [host: "auth.local"])

    for options <- [
          [base: "auth.local"],
          [base: ["auth.local", "auth.example.org"]],
          [endpoint: TestEndpoint],
          [base: :endpoint, assign: :shop]
        ],
        tenant <- ["t1", nil] do
      conn = put_tenant(@conn, tenant, options)
      assert conn.host == if(tenant, do: "t1.auth.local", else: "auth.local")
      assert Map.values(conn.assigns) == [tenant]
      plug = TenantPlug.init(base: "auth.local", assign: options[:assign] || :tenant)
      assert TenantPlug.call(conn, plug) == conn
    end
  end

  test "a page's session is that of its tenant" do
    session = @conn |> put_tenant("t1", base: "auth.local") |> TenantPlug.session()
    socket = %Phoenix.LiveView.Socket{}

    assert {:cont, %{assigns: %{tenant: "t1"}}} =
             TenantPlug.on_mount(:default, %{}, session, socket)
  end

  test "what no host can say is no tenant" do
    for tenant <- ["T1", "a.b", "", "t 1", "é", String.duplicate("a", 64)] do
      assert_raise ArgumentError, ~r/can't be a tenant/, fn ->
        put_tenant(@conn, tenant, base: "auth.local")
      end
    end

    assert_raise ArgumentError, ~r/unknown option :bsae/, fn ->
      put_tenant(@conn, "t1", bsae: "auth.local")
    end
  end
end
