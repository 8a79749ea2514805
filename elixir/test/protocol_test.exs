defmodule ExServiceMeshRouter.ProtocolTest do
  use ExUnit.Case, async: true

  alias ExServiceMeshRouter.Protocol

  defp decode(term), do: term |> :erlang.term_to_binary() |> Protocol.decode()

  test "what the VM says is a term in the external format" do
    assert :erlang.binary_to_term(Protocol.hello(%{node: nil})) == {:hello, 1, %{node: nil}}

    assert :erlang.binary_to_term(Protocol.report(7, [%{module: "A"}])) ==
             {:report, 7, [%{module: "A"}]}

    assert :erlang.binary_to_term(Protocol.bye()) == :bye
    assert <<131, tag, _rest::binary>> = Protocol.report(1, List.duplicate(%{module: "A"}, 1_000))
    assert tag != ?P, "compressed terms are refused"
  end

  test "every message of the gateway is read" do
    for message <- [
          {:refused, "why"},
          {:failed, 2, "why"},
          {:listening, ["127.0.0.1:4000"]},
          {:applied, 1, 2},
          {:routes, 1,
           [%{host: "auth.localhost", subdomains: "one", service: "AuthWeb.Endpoint"}]},
          {:counts, %{"AuthWeb.Endpoint" => %{requests: 1, errors: 0, websockets: 2}}},
          {:log, :info, "proxy", "listening", [{"listener", "127.0.0.1:4000"}]},
          {:lost, 3}
        ] do
      assert decode(message) == {:ok, message}
    end

    assert decode({:welcome, 1, %{version: "0.1.0", os_pid: 7}}) ==
             {:ok, {:welcome, %{version: "0.1.0", os_pid: 7}}}
  end

  test "what a later gateway adds is passed over" do
    route = %{host: "a", subdomains: "one", service: "A", weight: 1}
    assert decode({:routes, 1, [route]}) == {:ok, {:routes, 1, [route]}}
    assert decode({:weather, :fine}) == {:ok, {:unknown, {:weather, :fine}}}
    assert {:ok, {:unknown, _}} = decode({:log, :loud, "proxy", "listening", []})
    # An atom that this VM has never seen.
    unknown = <<131, 119, 20, "never_seen_before_#{:rand.uniform(89) + 10}">>
    assert {:ok, {:unknown, _}} = Protocol.decode(unknown)
  end

  test "what is no term is an error" do
    assert {:error, "not an Erlang term" <> _} = Protocol.decode("hello")
    assert {:error, _} = Protocol.decode("")
    assert {:error, _} = Protocol.decode(<<131, 97>>)
  end
end
