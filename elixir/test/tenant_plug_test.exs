defmodule ExServiceMeshRouter.TenantPlugTest do
  use ExUnit.Case, async: true

  alias ExServiceMeshRouter.{TenantError, TenantPlug, TestEndpoint}
  alias Phoenix.LiveView.Socket

  # A request through the plug, as an endpoint's pipeline would send it.
  defp call(host, options) do
    conn = %Plug.Conn{host: host, private: %{phoenix_endpoint: TestEndpoint}}
    TenantPlug.call(conn, TenantPlug.init(options))
  end

  defp tenant(host, options), do: call(host, options).assigns.tenant

  describe "the plug" do
    test "assigns the tenant of a host below its base" do
      assert tenant("tenant1.auth.local", base: "auth.local") == "tenant1"
      assert tenant("Tenant1.AUTH.local:4000", base: "auth.local") == "tenant1"
      assert tenant("auth.local", base: "auth.local") == nil
      assert tenant("a.b.auth.local", base: "auth.local") == nil
      assert tenant("tenant1.billing.local", base: "auth.local") == nil
      assert tenant("127.0.0.1", base: "auth.local") == nil
      assert tenant("\xff.auth.local", base: "auth.local") == nil
    end

    test "knows several bases" do
      bases = ["auth.local", "auth.example.org"]
      assert tenant("t1.auth.local", base: bases) == "t1"
      assert tenant("t1.auth.example.org", base: bases) == "t1"
      assert tenant("t1.auth.example.com", base: bases) == nil
    end

    test "takes an endpoint, or the one that the request came through" do
      TestEndpoint.put(url: [host: "auth.local"])

      for base <- [TestEndpoint, :endpoint, ["elsewhere.test", :endpoint]] do
        assert tenant("t1.auth.local", base: base) == "t1"
        assert tenant("t1.test.localhost", base: base) == "t1"
        assert tenant("auth.local", base: base) == nil
      end
    end

    test "says it where the request came through no endpoint" do
      assert_raise ArgumentError, ~r/came through no Phoenix endpoint/, fn ->
        TenantPlug.call(%Plug.Conn{}, TenantPlug.init(base: :endpoint))
      end
    end

    test "assigns under another name" do
      conn = call("t1.auth.local", base: "auth.local", assign: :shop)
      assert conn.assigns == %{shop: "t1"}
    end

    test "replaces a tenant that was assigned before" do
      conn = %Plug.Conn{host: "auth.local", assigns: %{tenant: "t1"}}
      assert TenantPlug.call(conn, TenantPlug.init(base: "auth.local")).assigns.tenant == nil
    end

    test "lets a request without a tenant go on, unless told otherwise" do
      conn = call("auth.local", base: "auth.local")
      refute conn.halted
      assert conn.status == nil

      conn = call("auth.local", base: "auth.local", without_tenant: :not_found)
      assert conn.halted
      assert {conn.status, conn.resp_body} == {404, "Not Found"}

      conn = call("t1.auth.local", base: "auth.local", without_tenant: :not_found)
      refute conn.halted
    end

    test "hands a request without a tenant to a function" do
      with_mfa = [base: "auth.local", without_tenant: {__MODULE__, :marked, [:mfa]}]
      assert call("auth.local", with_mfa).private.marked == :mfa
      with_capture = [base: "auth.local", without_tenant: &__MODULE__.marked/1]
      assert call("auth.local", with_capture).private.marked == :capture
      assert call("auth.local", with_capture).assigns.tenant == nil
      refute is_map_key(call("t1.auth.local", with_capture).private, :marked)
    end

    test "has options that can be compiled into a pipeline" do
      options = [base: [:endpoint, "auth.local"], without_tenant: {__MODULE__, :marked, []}]
      options = TenantPlug.init(options)
      assert options |> Macro.escape() |> Code.eval_quoted() |> elem(0) == options
    end

    test "refuses options that it doesn't know, with the nearest that it does" do
      refused(~r/unknown option :bsae of .*TenantPlug: did you mean :base\?/, bsae: "auth.local")
      refused(~r/did you mean :without_tenant\?/, base: "a.b", without_tenants: :continue)
      refused(~r/unknown option :zzz .*: it knows :base, :assign, :without_tenant/, zzz: 1)
      refused(~r/unknown option :check_uri/, base: "auth.local", check_uri: false)
    end

    test "refuses values that can't be" do
      refused(~r/needs `base:`/, [])
      refused(~r/needs `base:`.*; nil is none of these/, base: nil)
      refused(~r/needs `base:`.*; :auth is none of these/, base: :auth)
      refused(~r/needs `base:`.*; \[\] is none of these/, base: [])
      refused(~r/base "http:\/\/auth.local" .* is no host/, base: "http://auth.local")
      refused(~r/base "\*.auth.local" .* is no host/, base: ["auth.local", "*.auth.local"])
      refused(~r/base "127.0.0.1" .* is no host/, base: "127.0.0.1")
      refused(~r/option :assign .* can't be "tenant"/, base: "auth.local", assign: "tenant")
      refused(~r/:without_tenant .* can't be :halt/, base: "auth.local", without_tenant: :halt)
      refused(~r/are a keyword list, not :endpoint/, :endpoint)
    end

    defp refused(message, options) do
      assert_raise ArgumentError, message, fn -> TenantPlug.init(options) end
    end
  end

  describe "a LiveView" do
    # What its page's signed session brings to the join.
    defp page(host, options \\ []) do
      "auth.local" |> then(&call(host, base: &1)) |> TenantPlug.session(options)
    end

    # The socket of a join: `opened` is the host of the request that opened it, `claimed` the one of
    # the URL that the client wrote into its join.
    defp socket(opened, claimed) do
      info = if opened, do: %{uri: URI.parse("ws://#{opened}/live/websocket")}, else: %{}

      %Socket{
        endpoint: TestEndpoint,
        host_uri: URI.parse("http://#{claimed}/"),
        private: %{connect_info: info}
      }
    end

    defp mount(session, socket, options \\ :default) do
      TenantPlug.on_mount(options, %{}, session, socket)
    end

    test "has its page's tenant" do
      socket = socket("t1.auth.local", "t1.auth.local")
      assert {:cont, %{assigns: %{tenant: "t1"}}} = mount(page("t1.auth.local"), socket)
      socket = socket("auth.local", "auth.local")
      assert {:cont, %{assigns: %{tenant: nil}}} = mount(page("auth.local"), socket)
    end

    test "has it while its page is rendered, too" do
      conn = call("t1.auth.local", base: "auth.local")

      socket = %Socket{
        private: %{connect_info: conn},
        host_uri: URI.parse("http://t1.auth.local/")
      }

      assert {:cont, %{assigns: %{tenant: "t1"}}} = mount(TenantPlug.session(conn), socket)
    end

    test "never believes the URL of a join" do
      for opened <- [nil, "t1.auth.local"] do
        socket = socket(opened, "t2.auth.local")
        assert {:cont, %{assigns: %{tenant: "t1"}}} = mount(page("t1.auth.local"), socket)
      end

      # Nor do its params or the rest of the session say anything.
      session = Map.put(page("t1.auth.local"), "tenant", "t2")
      socket = socket("t1.auth.local", "t2.auth.local")
      {:cont, socket} = TenantPlug.on_mount(:default, %{"tenant" => "t2"}, session, socket)
      assert socket.assigns.tenant == "t1"
    end

    test "is refused where its socket was opened at another host than its page" do
      for opened <- ["t2.auth.local", "auth.local", "127.0.0.1", "evil.test"] do
        error =
          assert_raise TenantError,
                       ~r/opened at "#{opened}" joins a page of "t1.auth.local"/,
                       fn ->
                         mount(page("t1.auth.local"), socket(opened, "t1.auth.local"))
                       end

        assert error.plug_status == 403
      end

      socket = socket("t2.auth.local", "t1.auth.local")
      assert {:cont, socket} = mount(page("t1.auth.local"), socket, check_uri: false)
      assert socket.assigns.tenant == "t1"
    end

    test "is the same host's, however that is written" do
      for opened <- ["T1.auth.LOCAL", "t1.auth.local.", "t1.auth.local:4000"] do
        assert {:cont, _} = mount(page("t1.auth.local"), socket(opened, "t1.auth.local"))
      end

      assert {:cont, _} = mount(page("127.0.0.1"), socket("127.0.0.1", "127.0.0.1"))
    end

    test "without a tenant is refused here too, where that is wished" do
      socket = socket("auth.local", "auth.local")
      page = page("auth.local")

      error = assert_raise TenantError, fn -> mount(page, socket, without_tenant: :not_found) end

      assert error.plug_status == 404

      assert {:halt, %{redirected: :mfa}} =
               mount(page, socket, without_tenant: {__MODULE__, :elsewhere, [:mfa]})

      t1 = socket("t1.auth.local", "t1.auth.local")
      assert {:cont, _} = mount(page("t1.auth.local"), t1, without_tenant: :not_found)
    end

    test "assigns under another name" do
      conn = call("t1.auth.local", base: "auth.local", assign: :shop)
      session = TenantPlug.session(conn, assign: :shop)
      {:cont, socket} = mount(session, socket("t1.auth.local", "t1.auth.local"), assign: :shop)
      assert socket.assigns == %{shop: "t1"}
    end

    test "hands its tenant and its page's host on to a nested one" do
      {:cont, parent} = mount(page("t1.auth.local"), socket("t1.auth.local", "t1.auth.local"))
      # While it renders, LiveView takes its assigns away.
      session = TenantPlug.session(%{parent | assigns: :taken})
      # Rendered with its page, it has no connection of its own.
      assert {:cont, %{assigns: %{tenant: "t1"}}} = mount(session, %Socket{})
      assert {:cont, %{assigns: %{tenant: "t1"}}} = mount(session, socket("t1.auth.local", "x"))
      assert_raise TenantError, fn -> mount(session, socket("t2.auth.local", "t1.auth.local")) end
    end

    test "says what is missing" do
      assert_raise ArgumentError,
                   ~r/live_session …, session: \{ExServiceMeshRouter.TenantPlug/,
                   fn ->
                     mount(%{"tenant" => "t1"}, socket("t1.auth.local", "t1.auth.local"))
                   end

      assert_raise ArgumentError, ~r/no tenant was assigned: put `plug /, fn ->
        TenantPlug.session(%Plug.Conn{})
      end

      assert_raise ArgumentError, ~r/unknown option :asign .* did you mean :assign\?/, fn ->
        mount(page("t1.auth.local"), socket(nil, "t1.auth.local"), asign: :shop)
      end
    end
  end

  def marked(conn), do: marked(conn, :capture)
  def marked(conn, mark), do: %{conn | private: Map.put(conn.private, :marked, mark)}

  def elsewhere(socket, mark), do: {:halt, %{socket | redirected: mark}}
end
