defmodule ExServiceMeshRouter.Test do
  @moduledoc """
  Tenants in an app's own tests.

      import ExServiceMeshRouter.Test

      test "a tenant sees its own", %{conn: conn} do
        conn = conn |> put_tenant("t1", endpoint: AuthWeb.Endpoint) |> get("/")
        assert html_response(conn, 200) =~ "t1"
      end
  """

  alias ExServiceMeshRouter.TenantPlug
  alias Router.Shared.TenantResolver

  @options [:base, :endpoint, :assign]

  @doc """
  Gives a conn a tenant, or takes it away with `nil`.

  With a base the conn is one for the tenant's host, `t1.auth.local`, with what
  `ExServiceMeshRouter.TenantPlug` would assign: plugs that read the host see the same tenant. Without
  a base only the assign is set, for the test of a plug or a controller by itself; a request through a
  router whose pipeline has the plug would lose it again.

  ## Options

    * `:base` - a host, or what else `ExServiceMeshRouter.TenantPlug` takes. Of several the first is
      used
    * `:endpoint` - an endpoint's module; the same as `:base`
    * `:assign` - the key in `assigns`, `:tenant` where it isn't given
  """
  @spec put_tenant(conn, String.t() | nil, keyword()) :: conn when conn: map()
  def put_tenant(conn, tenant, options \\ []) do
    for {key, _value} <- options, key not in @options do
      raise ArgumentError, "unknown option #{inspect(key)}: it is one of #{inspect(@options)}"
    end

    assign = Keyword.get(options, :assign, :tenant)

    case options[:base] || options[:endpoint] do
      nil ->
        %{conn | assigns: Map.put(conn.assigns, assign, tenant)}

      base ->
        [host | _] = TenantPlug.bases(base, conn)
        conn = %{conn | host: host(tenant, host)}
        TenantPlug.call(conn, TenantPlug.init(base: base, assign: assign))
    end
  end

  defp host(nil, base), do: base

  defp host(tenant, base) do
    host = "#{tenant}.#{base}"

    case TenantResolver.resolve(host, base) do
      {:ok, ^tenant} ->
        host

      _ ->
        raise ArgumentError,
              "#{inspect(tenant)} can't be a tenant: it is one label of a host, in lower case"
    end
  end
end
