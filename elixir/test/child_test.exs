defmodule ExServiceMeshRouter.ChildTest do
  # The package with the gateway's real binary, which MESH_ROUTER_PATH names.
  use ExUnit.Case

  import ExServiceMeshRouter.Wait
  import ExUnit.CaptureLog

  alias ExServiceMeshRouter.Package

  setup_all do
    path = System.get_env("MESH_ROUTER_PATH")

    unless path && File.regular?(path) do
      flunk(
        "these tests need the gateway's binary: `cargo build -p mesh-router`, and MESH_ROUTER_PATH=…/target/debug/mesh-router"
      )
    end

    %{path: path}
  end

  # No port that others on this machine have.
  @quiet [admin: [listen: :off], log: [access: :off]]

  defp start(options), do: Package.start([enabled: true] ++ Keyword.merge(@quiet, options))

  defp serving(name) do
    web = Package.endpoint(name, server: true)
    Package.start_endpoint(web)
    web
  end

  defp get(url, path \\ "/a") do
    %URI{host: host, port: port} = URI.parse(url)

    with {:ok, socket} <- :gen_tcp.connect({127, 0, 0, 1}, port, [:binary, active: false]) do
      :ok =
        :gen_tcp.send(
          socket,
          "GET #{path} HTTP/1.1\r\nhost: #{host}:#{port}\r\nconnection: close\r\n\r\n"
        )

      read(socket, "")
    end
  end

  defp read(socket, said) do
    case :gen_tcp.recv(socket, 0, 20_000) do
      {:ok, more} -> read(socket, said <> more)
      {:error, _closed} -> said
    end
  end

  defp gateway_pid do
    {:port, port} = :sys.get_state(ExServiceMeshRouter.Gateway).link
    {:os_pid, pid} = Port.info(port, :os_pid)
    pid
  end

  defp runs?(pid),
    do: match?({_said, 0}, System.cmd("kill", ["-0", "#{pid}"], stderr_to_stdout: true))

  test "an endpoint without a port is served at its name" do
    log =
      capture_log([level: :info, colors: [enabled: false]], fn ->
        web = serving("ServedWeb")
        start(port: 0)
        url = ExServiceMeshRouter.url(web, 20_000)
        assert url =~ ~r"^http://elixir\.localhost:\d+$"
        assert get(url) =~ "ServedWeb.Endpoint elixir.localhost /a"

        assert [%{host: "elixir.localhost", service: "ServedWeb.Endpoint", subdomains: "one"}] =
                 ExServiceMeshRouter.routes()

        # Tenants too.
        assert url |> String.replace("//", "//t1.") |> get() =~
                 "ServedWeb.Endpoint t1.elixir.localhost /a"

        assert web.config(:url)[:host] == "elixir.localhost"
      end)

    assert log =~
             ~r"gateway at 127\.0\.0\.1:\d+(, \[::1\]:\d+)?; http://elixir\.localhost:\d+ \(ServedWeb\.Endpoint\)\n"

    assert log =~ ~r/listening address=127\.0\.0\.1:\d+/
  end

  test "a gateway that is killed is there again" do
    web = serving("KilledGatewayWeb")
    start(port: 0)
    ExServiceMeshRouter.url(web, 20_000)
    pid = gateway_pid()
    {_said, 0} = System.cmd("kill", ["-9", "#{pid}"])
    eventually("the end to be seen", fn -> ExServiceMeshRouter.listening() == [] end)
    url = ExServiceMeshRouter.url(web, 20_000)
    assert gateway_pid() != pid
    assert get(url) =~ "KilledGatewayWeb.Endpoint"
  end

  test "the gateway ends with the package" do
    web = serving("EndsWeb")
    start(port: 0)
    ExServiceMeshRouter.url(web, 20_000)
    pid = gateway_pid()
    assert runs?(pid)
    Package.stop()
    eventually("the gateway to end", fn -> not runs?(pid) end)
  end

  test "an endpoint that comes later is served, and waited for while it is away" do
    late = Package.endpoint("LateServedWeb", server: true)
    start(port: 0)
    eventually("the gateway", fn -> ExServiceMeshRouter.listening() != [] end)
    Package.start_endpoint(late)
    url = ExServiceMeshRouter.url(late, 20_000)
    assert get(url) =~ "LateServedWeb.Endpoint"

    Package.stop_endpoint(late)
    waiting = Task.async(fn -> get(url) end)
    Package.start_endpoint(late)
    assert Task.await(waiting, 20_000) =~ "LateServedWeb.Endpoint"
    assert late |> ExServiceMeshRouter.url(20_000) |> get() =~ "LateServedWeb.Endpoint"

    Package.stop_endpoint(late)

    assert_raise RuntimeError, "LateServedWeb.Endpoint does not run", fn ->
      # Until the gateway knows it.
      eventually("the end", fn -> ExServiceMeshRouter.url(late, 0) && nil end)
    end
  end

  test "a port that is taken is said once, and taken as soon as it is free" do
    {:ok, holder} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(holder)
    web = serving("TakenWeb")

    log =
      capture_log(fn ->
        start(port: port)

        assert_raise RuntimeError, ~r/127\.0\.0\.1:#{port} is taken/, fn ->
          ExServiceMeshRouter.url(web, 1_000)
        end

        :gen_tcp.close(holder)
        assert ExServiceMeshRouter.url(web, 20_000) == "http://elixir.localhost:#{port}"
      end)

    # Its holder is named where that can be seen: it may end between the attempt and the look at who
    # it is, and a chroot has no /proc.
    said = Regex.scan(~r/127\.0\.0\.1:#{port} is taken.*/, log)
    assert said != [] and said == Enum.uniq(said), log
  end

  test "a setting that is wrong is said once with the nearest name, and read again when it changes" do
    web = serving("SettingWeb")

    log =
      capture_log(fn ->
        start(port: 0, wokers: 2)

        assert_raise RuntimeError, ~r/unknown key "wokers", did you mean "workers"/, fn ->
          ExServiceMeshRouter.url(web, 1_500)
        end

        Application.delete_env(:ex_service_mesh_router, :wokers)
        assert get(ExServiceMeshRouter.url(web, 20_000)) =~ "SettingWeb.Endpoint"
      end)

    assert length(String.split(log, "unknown key")) == 2, log
  end

  test "a binary that is missing is said once, and found when it is there", %{path: path} do
    folder = Path.join(System.tmp_dir!(), "binary-#{System.unique_integer([:positive])}")
    File.mkdir_p!(folder)
    on_exit(fn -> File.rm_rf!(folder) end)
    binary = Path.join(folder, "mesh-router")
    web = serving("MissingWeb")

    log =
      capture_log(fn ->
        start(port: 0, path: binary)
        assert_raise RuntimeError, ~r/#{binary}/, fn -> ExServiceMeshRouter.url(web, 500) end
        File.ln_s!(path, binary)
        assert get(ExServiceMeshRouter.url(web, 20_000)) =~ "MissingWeb.Endpoint"
      end)

    assert length(String.split(log, binary)) == 2, log
  end

  test "what was answered is counted" do
    events = [:ex_service_mesh_router, :requests]

    :telemetry.attach(
      __MODULE__,
      events,
      &ExServiceMeshRouter.TelemetryTest.handle_event/4,
      self()
    )

    on_exit(fn -> :telemetry.detach(__MODULE__) end)
    web = serving("CountedWeb")
    start(port: 0)
    assert get(ExServiceMeshRouter.url(web, 20_000)) =~ "CountedWeb.Endpoint"

    assert_receive {[:requests], %{requests: 1, errors: 0, websockets: 0},
                    %{service: "CountedWeb.Endpoint"}},
                   20_000
  end
end
