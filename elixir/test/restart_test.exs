defmodule ExServiceMeshRouter.RestartTest do
  # Whatever of the package ends, the VM goes on.
  use ExUnit.Case

  import ExServiceMeshRouter.Wait

  alias ExServiceMeshRouter.{Endpoints, Gateway, Package, TestGateway}

  setup do
    gateway = TestGateway.listen()
    on_exit(fn -> TestGateway.close(gateway) end)
    web = Package.endpoint("RestartWeb", server: true)
    Package.start_endpoint(web)
    Package.start(enabled: true, gateway: "unix:" <> gateway.path)
    {gateway, _hello} = TestGateway.accept(gateway)
    %{gateway: gateway, web: web}
  end

  defp socket(gateway) do
    told = TestGateway.report(gateway, &match?([%{bound: {:ok, {:local, _path}}}], &1))
    [%{bound: {:ok, {:local, path}}}] = told
    path
  end

  defp kill(name) do
    pid = Process.whereis(name)
    Process.exit(pid, :kill)
    eventually("another #{inspect(name)}", fn -> Process.whereis(name) not in [nil, pid] end)
  end

  for name <- [Gateway, Endpoints] do
    test "#{inspect(name)} that ends begins anew with all", %{gateway: gateway} do
      before = socket(gateway)
      kill(unquote(name))
      {gateway, _hello} = TestGateway.accept(gateway)
      path = socket(gateway)
      assert path != before
      assert {:ok, socket} = :gen_tcp.connect({:local, path}, 0, [:binary])
      :gen_tcp.close(socket)
      refute File.exists?(before)
    end
  end

  test "parts that end again and again are given up, and nothing else", %{web: web} do
    parts = fn -> Supervisor.which_children(ExServiceMeshRouter.Supervisor) end

    eventually("their end", fn ->
      if pid = Process.whereis(Endpoints), do: Process.exit(pid, :kill)
      parts.() == []
    end)

    assert List.keymember?(Application.started_applications(), :ex_service_mesh_router, 0)
    assert Process.whereis(web)
    assert ExServiceMeshRouter.listening() == []
    assert_raise RuntimeError, ~r/no gateway is started/, fn -> ExServiceMeshRouter.url(web) end
  end
end
