defmodule ExServiceMeshRouter.ClusterTest do
  # What is asked of another node, asked of this one.
  use ExUnit.Case, async: true

  alias ExServiceMeshRouter.Cluster

  defmodule OldEndpoint do
    # As before Phoenix 1.7.10, without `server_info/1`.
    @behaviour Phoenix.Endpoint

    @impl true
    def config(key, default \\ nil) do
      Keyword.get([otp_app: :old_web, http: [port: 4001], url: [host: "old.test"]], key, default)
    end
  end

  defmodule FailingEndpoint do
    @behaviour Phoenix.Endpoint

    @impl true
    def config(_key, default \\ nil), do: default

    @impl true
    def server_info(_scheme), do: raise("no listener")
  end

  test "of an endpoint that can't tell where it listens, `http:` is what counts" do
    for module <- [OldEndpoint, FailingEndpoint], do: start_supervised!(registered(module))
    {_node, endpoints} = Cluster.endpoints(node())
    words = fn module -> Enum.find(endpoints, &(&1.module == inspect(module))) end
    assert %{app: "old_web", http: [port: 4001]} = old = words.(OldEndpoint)
    refute Map.has_key?(old, :bound)
    assert %{bound: {:failed, why}} = words.(FailingEndpoint)
    assert why =~ "no listener"
  end

  defp registered(module),
    do: Supervisor.child_spec({Agent, fn -> Process.register(self(), module) end}, id: module)
end
