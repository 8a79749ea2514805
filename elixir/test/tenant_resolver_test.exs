defmodule Router.Shared.TenantResolverTest do
  use ExUnit.Case, async: true

  alias ExServiceMeshRouter.Vectors
  alias Router.Shared.TenantResolver

  doctest TenantResolver

  test "answers are those of the vectors" do
    cases = Vectors.read()

    wrong =
      for {line, host, base, tenant} <- cases,
          answer =
            if(base, do: TenantResolver.resolve(host, base), else: TenantResolver.resolve(host)),
          answer != if(tenant, do: {:ok, tenant}, else: :error) do
        {line, answer}
      end

    assert wrong == []
    assert length(cases) > 300
  end

  test "any bytes end in one lower-case label or nothing" do
    for _ <- 1..20_000 do
      host = host()
      base = Enum.random([host(), [host(), host()], []])

      for answer <- [TenantResolver.resolve(host), TenantResolver.resolve(host, base)] do
        case answer do
          {:ok, tenant} -> assert tenant =~ ~r/\A[a-z0-9_-]{1,63}\z/
          :error -> :ok
        end
      end
    end
  end

  test "no atoms are made of hosts" do
    TenantResolver.resolve("warm.up.local", "up.local")
    before = :erlang.system_info(:atom_count)

    for number <- 1..2_000 do
      TenantResolver.resolve("never-an-atom-#{number}.auth.local")
      TenantResolver.resolve("never-an-atom-#{number}.auth.local", "auth-#{number}.local")
    end

    # Other tests run beside this one and may load modules.
    assert :erlang.system_info(:atom_count) - before < 1_000
  end

  test "a host that is itself a base has no tenant, whatever the others are" do
    bases = ["shop.test", "auth.shop.test"]
    assert TenantResolver.resolve("auth.shop.test", bases) == :error
    assert TenantResolver.resolve("t1.auth.shop.test", bases) == {:ok, "t1"}
    assert TenantResolver.resolve("billing.shop.test", bases) == {:ok, "billing"}
    assert TenantResolver.resolve("billing.shop.test", Enum.reverse(bases)) == {:ok, "billing"}
    assert TenantResolver.resolve("t1.auth.shop.test", []) == :error
  end

  test "one base that is no host takes nothing from the others" do
    assert TenantResolver.resolve("t1.auth.local", ["", "auth.local", "\xff"]) == {:ok, "t1"}
  end

  test "an endpoint stands for the hosts that lead to it" do
    alias ExServiceMeshRouter.TestEndpoint

    TestEndpoint.put(url: [host: "auth.local"])
    assert TenantResolver.resolve("t1.auth.local", TestEndpoint) == {:ok, "t1"}
    assert TenantResolver.resolve("auth.local", TestEndpoint) == :error
    assert TenantResolver.resolve("t1.billing.local", TestEndpoint) == :error
  end

  test "what is neither host nor endpoint is refused with what to give" do
    assert_raise ArgumentError, ~r/String is no Phoenix endpoint: give a host/, fn ->
      TenantResolver.resolve("t1.auth.local", String)
    end

    assert_raise FunctionClauseError, fn -> TenantResolver.resolve("t1.auth.local", nil) end
  end

  # Mostly what hosts are made of, so that some are valid.
  defp host do
    bytes =
      if :rand.uniform(4) == 1, do: Enum.to_list(0..255), else: ~c"abcABC019._-:@ [" ++ [0xC3]

    for _ <- 1..:rand.uniform(24), into: <<>>, do: <<Enum.random(bytes)>>
  end
end
