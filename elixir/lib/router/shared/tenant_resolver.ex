defmodule Router.Shared.TenantResolver do
  @moduledoc """
  Parses a tenant out of a host: `tenant1.auth.local` is tenant `tenant1`.

      iex> Router.Shared.TenantResolver.resolve("tenant1.auth.local")
      {:ok, "tenant1"}

  Every app of an umbrella parses tenants with it, and so does the gateway where it explains what an
  app will see (`mesh-router explain tenant1.auth.local`): both are held to one list of cases.

  It parses, and knows no tenants. Whether `tenant1` exists, whether this user may see it, and
  whether `www` is one, is for the app to say. Setting `conn.assigns.tenant` is the work of
  `ExServiceMeshRouter.TenantPlug`.

  ## With a base or without

  `resolve/1` can only count labels: a host of exactly three has a tenant, any other has none. That is
  right for `tenant1.auth.local`, and wrong for the host of the app itself where that has three:

      iex> Router.Shared.TenantResolver.resolve("auth.example.com")
      {:ok, "auth"}

  So give the base to `resolve/2` where you have one: the host of the app, or its endpoint.

      iex> Router.Shared.TenantResolver.resolve("auth.example.com", "auth.example.com")
      :error
      iex> Router.Shared.TenantResolver.resolve("tenant1.auth.example.com", "auth.example.com")
      {:ok, "tenant1"}

  ## What a tenant is

  One label, in lower case, of letters, digits, `-` and `_`, 63 bytes at most. Case, a port and one
  dot at the end don't matter, in host and base alike. An IP address has no tenant, and neither has
  anything that is no host: any binary is answered, none raises, and no atom is made of one.
  """

  # RFC 1035 §2.3.4, the name without the dot at its end.
  @host_bytes_max 253
  @label_bytes_max 63
  @port_max 65_535

  @typedoc "A host, or an endpoint's module for the hosts that lead to it."
  @type base :: String.t() | module()

  @doc """
  Returns the tenant of a host that has exactly three labels: the first.

  `auth.example.com` has three labels too, so its tenant would be `auth`. `resolve/2` knows better.

      iex> Router.Shared.TenantResolver.resolve("tenant1.auth.local:4000")
      {:ok, "tenant1"}
      iex> Router.Shared.TenantResolver.resolve("auth.local")
      :error
      iex> Router.Shared.TenantResolver.resolve("127.0.0.1")
      :error
  """
  @spec resolve(binary()) :: {:ok, String.t()} | :error
  def resolve(host) when is_binary(host) do
    case labels(host) do
      {:ok, [tenant, _, _]} -> {:ok, tenant}
      _ -> :error
    end
  end

  @doc """
  Returns the tenant of a host below a base: the only label in front of it.

  The base is a host, the module of an endpoint, or a list of either. An endpoint stands for the hosts
  that lead to it: its `url: [host: …]` unless that is `localhost`, `example.com` or an address, those
  that `routes:` under `config :ex_service_mesh_router` give it, and in development also its development
  name (`auth.localhost` for `:auth_web`). A host that is itself a
  base has no tenant.

      iex> Router.Shared.TenantResolver.resolve("t1.shop.example.com", "shop.example.com")
      {:ok, "t1"}
      iex> Router.Shared.TenantResolver.resolve("a.t1.shop.example.com", "shop.example.com")
      :error
      iex> Router.Shared.TenantResolver.resolve("shop.example.com", ["example.com", "shop.example.com"])
      :error

      Router.Shared.TenantResolver.resolve(conn.host, AuthWeb.Endpoint)
  """
  @spec resolve(binary(), base() | [base()]) :: {:ok, String.t()} | :error
  def resolve(host, base) when is_binary(host) do
    bases =
      for host <- hosts(base), {:ok, labels} <- [labels(host)] do
        labels
      end

    with {:ok, [tenant | above] = labels} <- labels(host),
         true <- above in bases and labels not in bases do
      {:ok, tenant}
    else
      _ -> :error
    end
  end

  @doc false
  # Whether a text is a host that can have tenants.
  def host?(text) when is_binary(text), do: labels(text) != :error

  @doc false
  # Whether two hosts are one, but for case, port and a dot at the end.
  def same_host?(one, other) when is_binary(one) and is_binary(other) do
    case {labels(one), labels(other)} do
      {{:ok, one}, {:ok, other}} -> one == other
      # An address has no labels.
      {:error, :error} -> one == other
      _ -> false
    end
  end

  defp hosts(bases) when is_list(bases), do: Enum.flat_map(bases, &hosts/1)
  defp hosts(base) when is_binary(base), do: [base]

  defp hosts(endpoint) when is_atom(endpoint) and endpoint != nil do
    ExServiceMeshRouter.Host.bases(endpoint)
  end

  # The labels of the DNS name that a `Host` value holds, in lower case.
  defp labels(host) do
    with {:ok, name} <- without_port(host),
         name = without_dot(name),
         true <- byte_size(name) <= @host_bytes_max,
         labels = :binary.split(name, ".", [:global]),
         true <- Enum.all?(labels, &label?/1),
         false <- number?(List.last(labels)) do
      {:ok, Enum.map(labels, &String.downcase(&1, :ascii))}
    else
      _ -> :error
    end
  end

  defp without_port(host) do
    case :binary.split(host, ":") do
      [name] -> {:ok, name}
      # RFC 3986 §3.2.3: a port may be empty, and zeros may lead.
      [name, ""] -> {:ok, name}
      [name, port] -> if port(port, 0) in 1..@port_max, do: {:ok, name}, else: :error
    end
  end

  # No number above the greatest port is ever made: a long row of digits would be slow.
  defp port(<<digit, rest::binary>>, port) when digit in ?0..?9 and port <= @port_max do
    port(rest, port * 10 + digit - ?0)
  end

  defp port("", port), do: port
  defp port(_rest, _port), do: :error

  defp without_dot(""), do: ""

  defp without_dot(name) do
    if :binary.last(name) == ?., do: binary_part(name, 0, byte_size(name) - 1), else: name
  end

  defp label?(label), do: byte_size(label) in 1..@label_bytes_max and label_bytes?(label)

  defp label_bytes?(<<byte, rest::binary>>)
       when byte in ?a..?z or byte in ?A..?Z or byte in ?0..?9 or byte in [?-, ?_] do
    label_bytes?(rest)
  end

  defp label_bytes?(rest), do: rest == ""

  # A name that ends in a number is an IPv4 address, or was meant to be one: RFC 1123 §2.1 for digits,
  # and browsers read `0x7f` as a number too ("ends in a number", URL Standard §3.5).
  defp number?(<<?0, x, digits::binary>>) when x in [?x, ?X], do: hex?(digits)
  defp number?(label), do: digits?(label)

  defp digits?(<<byte, rest::binary>>) when byte in ?0..?9, do: digits?(rest)
  defp digits?(rest), do: rest == ""

  defp hex?(<<byte, rest::binary>>)
       when byte in ?0..?9 or byte in ?a..?f or byte in ?A..?F do
    hex?(rest)
  end

  defp hex?(rest), do: rest == ""
end
