defmodule ExServiceMeshRouter.PrivateTest do
  # Private listeners, with the gateway's side of the protocol played by the test.
  use ExUnit.Case

  import Bitwise
  import ExServiceMeshRouter.Wait

  alias ExServiceMeshRouter.{Package, TestGateway}
  alias ExServiceMeshRouter.Private.Folder

  setup do
    gateway = TestGateway.listen()
    on_exit(fn -> TestGateway.close(gateway) end)
    %{gateway: gateway}
  end

  defp start(gateway, options \\ []) do
    Package.start([enabled: true, gateway: "unix:" <> gateway.path] ++ options)
    {gateway, _hello} = TestGateway.accept(gateway)
    gateway
  end

  defp bound(endpoints, module),
    do: Enum.find_value(endpoints, &(&1.module == inspect(module) && &1.bound))

  defp path(gateway, module) do
    endpoints = TestGateway.report(gateway, &match?({:ok, {:local, _path}}, bound(&1, module)))
    {:ok, {:local, path}} = bound(endpoints, module)
    path
  end

  defp connect(path), do: :gen_tcp.connect({:local, path}, 0, [:binary, active: false])

  defp get(path, host, fields \\ ""), do: path |> ask("/a", host, fields) |> read("")

  defp ask(path, target, host, fields \\ "") do
    {:ok, socket} = connect(path)
    head = "GET #{target} HTTP/1.1\r\nhost: #{host}\r\n#{fields}connection: close\r\n\r\n"
    :ok = :gen_tcp.send(socket, head)
    socket
  end

  defp read(socket, said) do
    case :gen_tcp.recv(socket, 0, 20_000) do
      {:ok, more} -> read(socket, said <> more)
      {:error, :closed} -> said
    end
  end

  defp mode(path), do: File.stat!(path).mode &&& 0o777

  test "an endpoint without http gets a socket that is this user's alone", %{gateway: gateway} do
    web = Package.endpoint("UrlOnlyWeb", server: true, url: [host: "auth.local", port: 4001])
    gateway = start(gateway)
    Package.start_endpoint(web)
    path = path(gateway, web)
    assert byte_size(path) <= 103
    assert mode(path) == 0o600
    assert mode(Path.dirname(path)) == 0o700
    assert get(path, "auth.local") =~ "UrlOnlyWeb.Endpoint auth.local /a\n"
  end

  test "the endpoint knows the client's address, which a Unix socket has not", %{gateway: gateway} do
    web = Package.endpoint("AddressWeb", server: true)
    gateway = start(gateway)
    Package.start_endpoint(web)
    path = path(gateway, web)
    assert get(path, "a", "x-forwarded-for: 10.1.2.3\r\n") =~ "remote-ip: 10.1.2.3\r\n"

    assert get(path, "a", "x-forwarded-for: 2001:db8::1, 10.0.0.1\r\n") =~
             "remote-ip: 2001:db8::1\r\n"

    # Never without one.
    assert get(path, "a", "x-forwarded-for: unknown\r\n") =~ "remote-ip: 127.0.0.1\r\n"
    assert get(path, "a") =~ "remote-ip: 127.0.0.1\r\n"
  end

  test "a WebSocket opens at the socket", %{gateway: gateway} do
    web = Package.endpoint("SocketWeb", server: true)
    gateway = start(gateway)
    Package.start_endpoint(web)
    {:ok, socket} = gateway |> path(web) |> connect()

    upgrade =
      "GET /live/websocket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n" <>
        "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"

    :ok = :gen_tcp.send(socket, upgrade)
    hello = <<0x81, 18, "SocketWeb.Endpoint">>
    said = eventually("the first message", fn -> grown(socket, hello) end)
    assert said =~ "HTTP/1.1 101"
  end

  # What has come so far, once it ends so.
  defp grown(socket, ending) do
    {:ok, more} = :gen_tcp.recv(socket, 0, 20_000)
    said = Process.get(:said, "") <> more
    Process.put(:said, said)
    String.ends_with?(said, ending) && said
  end

  test "an endpoint leaves the gateway's table before its socket refuses", %{gateway: gateway} do
    web = Package.endpoint("LeavingWeb", server: true)
    gateway = start(gateway)
    Package.start_endpoint(web)
    path = path(gateway, web)
    stopping = Task.async(fn -> Package.stop_endpoint(web) end)

    {:report, seq, endpoints} = TestGateway.read(gateway)
    assert bound(endpoints, web) == :stopped
    assert get(path, "a") =~ "LeavingWeb.Endpoint"
    TestGateway.say(gateway, {:applied, seq, 1})

    assert Task.await(stopping) == :ok
    # A port is closed a moment after the process that had it has ended.
    eventually("it to refuse", fn -> match?({:error, _refused}, connect(path)) end)
    eventually("the socket to be removed", fn -> not File.exists?(path) end)

    Package.start_endpoint(web)
    again = path(gateway, web)
    assert again != path
    assert get(again, "a") =~ "LeavingWeb.Endpoint"
  end

  test "the socket refuses while the endpoint still stops", %{gateway: gateway} do
    web = Package.endpoint("StoppingWeb", server: true)
    test = self()
    endpoint = Package.start_endpoint(web)

    # Before the package's own child, so it stops after it.
    drain = fn ->
      Process.flag(:trap_exit, true)
      send(test, :started)

      receive do
        {:EXIT, _supervisor, :shutdown} -> send(test, {:draining, self()})
      end

      receive do
        :drained -> :ok
      end
    end

    spec = Supervisor.child_spec({Task, drain}, shutdown: 20_000)
    {:ok, _task} = Supervisor.start_child(endpoint, spec)
    assert_receive :started, 20_000

    gateway = start(gateway)
    path = path(gateway, web)
    stopping = Task.async(fn -> Package.stop_endpoint(web) end)
    TestGateway.report(gateway, &(bound(&1, web) == :stopped))
    assert_receive {:draining, task}, 20_000
    eventually("it to refuse", fn -> connect(path) == {:error, :econnrefused} end)
    assert Process.alive?(endpoint)
    send(task, :drained)
    assert Task.await(stopping) == :ok
  end

  test "an endpoint stays whole until the requests in progress are answered", %{gateway: gateway} do
    web = Package.endpoint("BusyWeb", server: true, url: [host: "busy.local"])
    gateway = start(gateway)
    Package.start_endpoint(web)
    path = path(gateway, web)
    {socket, request} = held(path, "/held")
    # One whose client went away is not waited for.
    {_socket, killed} = held(path, "/held")
    Process.exit(killed, :kill)

    stopping = Task.async(fn -> Package.stop_endpoint(web) end)
    leaves(gateway)
    eventually("it to refuse", fn -> match?({:error, _refused}, connect(path)) end)
    send(request, :go)
    assert read(socket, "") =~ "BusyWeb.Endpoint busy.local\n"
    assert Task.await(stopping) == :ok
  end

  test "a long-poll ends with its socket, and is not waited for", %{gateway: gateway} do
    web = Package.endpoint("PollWeb", server: true)
    gateway = start(gateway)
    Package.start_endpoint(web)
    {_socket, request} = gateway |> path(web) |> held("/held/longpoll")

    stopping = Task.async(fn -> Package.stop_endpoint(web) end)
    leaves(gateway)
    assert Task.await(stopping) == :ok
    assert Process.alive?(request)
    Process.exit(request, :kill)
  end

  # A request that the endpoint has begun, and the process that has it.
  defp held(path, target) do
    unless Process.whereis(:holds_requests) == self(),
      do: Process.register(self(), :holds_requests)

    socket = ask(path, target, "a")
    assert_receive {:held, request}, 20_000
    {socket, request}
  end

  defp leaves(gateway) do
    {:report, seq, _endpoints} = TestGateway.read(gateway)
    TestGateway.say(gateway, {:applied, seq, 1})
  end

  test "an endpoint that is started again while it is asked is asked again", %{gateway: gateway} do
    web = Package.endpoint("AgainAskedWeb", server: true)
    # It answers nothing.
    before = Package.start_endpoint(web)
    :sys.suspend(before)
    Package.start(enabled: true, gateway: "unix:" <> gateway.path)
    asked = fn -> map_size(:sys.get_state(ExServiceMeshRouter.Endpoints).asked) > 0 end
    eventually("the question", asked)

    Process.exit(before, :kill)
    eventually("its end", fn -> Process.whereis(web) == nil end)
    Package.start_endpoint(web)
    {gateway, _hello} = TestGateway.accept(gateway)
    assert gateway |> path(web) |> get("a") =~ "AgainAskedWeb.Endpoint"
  end

  test "an endpoint that fails while it is asked costs no line with its secrets", context do
    web = Package.endpoint("FailingWeb", server: true, secret_key_base: "hush hush")
    test = self()

    # As a supervisor that starts its children when one of them fails.
    failing =
      spawn(fn ->
        Process.register(self(), web)
        send(test, :registered)

        receive do
          {:"$gen_call", _from, _question} -> exit({:failed_to_start_child, web, :eaddrinuse})
        end
      end)

    assert_receive :registered, 20_000

    log =
      ExUnit.CaptureLog.capture_log(fn ->
        gateway = start(context.gateway)
        eventually("its end", fn -> not Process.alive?(failing) end)
        Package.start_endpoint(web)
        assert gateway |> path(web) |> get("a") =~ "FailingWeb.Endpoint"
        # What a crash of ours would print.
        refute inspect(:sys.get_state(ExServiceMeshRouter.Endpoints)) =~ "hush hush"
      end)

    refute log =~ "hush hush"
    refute log =~ "ExServiceMeshRouter.Endpoints"
  end

  test "a listener that ends is there again", %{gateway: gateway} do
    web = Package.endpoint("KilledWeb", server: true)
    gateway = start(gateway)
    Package.start_endpoint(web)
    path = path(gateway, web)

    [{_id, private, _type, _modules}] =
      DynamicSupervisor.which_children(ExServiceMeshRouter.Privates)

    Process.exit(private, :kill)

    again =
      TestGateway.report(gateway, fn endpoints ->
        match?({:ok, {:local, again}} when again != path, bound(endpoints, web))
      end)

    {:ok, {:local, again}} = bound(again, web)
    assert get(again, "a") =~ "KilledWeb.Endpoint"
  end

  test "an endpoint whose port is the gateway's gives it up", %{gateway: gateway} do
    {:ok, free} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(free)
    :gen_tcp.close(free)
    config = [server: true, http: [ip: {127, 0, 0, 1}, port: port]]

    # It has started before the package, as an application of the umbrella that doesn't depend on it.
    early = Package.endpoint("PortEarlyWeb", config)
    Package.start_endpoint(early)
    assert {:ok, {{127, 0, 0, 1}, ^port}} = early.server_info(:http)

    late = Package.endpoint("PortLateWeb", config)
    gateway = start(gateway, port: port)
    assert get(path(gateway, early), "a") =~ "PortEarlyWeb.Endpoint"
    Package.start_endpoint(late)
    assert get(path(gateway, late), "a") =~ "PortLateWeb.Endpoint"

    assert {:ok, listener} = :gen_tcp.listen(port, ip: {127, 0, 0, 1}, reuseaddr: true)
    :gen_tcp.close(listener)
    # Nor when it is started again.
    Package.stop_endpoint(early)
    Package.start_endpoint(early)
    refute early.config(:http)
  end

  test "an endpoint of Phoenix before 1.7 keeps its port, and is told what to do", context do
    {:ok, free} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(free)
    :gen_tcp.close(free)

    # There the adapter asks the endpoint for its sockets.
    Code.compile_string("""
    defmodule OlderWeb.Endpoint do
      use Phoenix.Endpoint, otp_app: :#{Package.app()}
      def __handler__(conn, options), do: {:plug, conn, __MODULE__, options}
    end
    """)

    older = Package.endpoint("OlderWeb", server: true, http: [ip: {127, 0, 0, 1}, port: port])

    log =
      ExUnit.CaptureLog.capture_log(fn ->
        gateway = start(context.gateway, port: port)
        Package.start_endpoint(older)

        TestGateway.report(gateway, fn endpoints ->
          match?({:failed, "before Phoenix 1.7" <> _}, bound(endpoints, older))
        end)
      end)

    assert log =~ "OlderWeb.Endpoint can't be reached by the gateway: before Phoenix 1.7"
    assert {:ok, {{127, 0, 0, 1}, ^port}} = older.server_info(:http)
  end

  test "the port is taken from the listener of each adapter" do
    ref = Module.concat(SomeWeb.Endpoint, HTTP)

    ids = [
      {SomeWeb.Endpoint, :http},
      {:ranch_listener_sup, ref},
      {:ranch_embedded_sup, ref},
      :other
    ]

    children = for id <- ids, do: Supervisor.child_spec({Agent, fn -> id end}, id: id)

    {:ok, supervisor} = Supervisor.start_link(children, strategy: :one_for_one)
    ExServiceMeshRouter.Private.Server.close_own_port(supervisor, SomeWeb.Endpoint)
    running = for {id, pid, _, _} <- Supervisor.which_children(supervisor), is_pid(pid), do: id
    assert running == [:other]
  end

  test "with listen: :private none opens a port", %{gateway: gateway} do
    web = Package.endpoint("AllWeb", server: true, http: [ip: {127, 0, 0, 1}, port: 0])
    gateway = start(gateway, listen: :private)
    Package.start_endpoint(web)
    assert get(path(gateway, web), "a") =~ "AllWeb.Endpoint"
    assert {:error, _none} = web.server_info(:http)
  end

  test "an endpoint that doesn't serve gets none", %{gateway: gateway} do
    web = Package.endpoint("QuietWeb", server: false)
    Package.start_endpoint(web)
    gateway = start(gateway)
    assert {:error, _none} = gateway |> TestGateway.report() |> bound(web)
  end

  test "the sockets that a killed VM left are removed, those in use are not" do
    base = Path.join(System.tmp_dir!(), "folder-#{System.unique_integer([:positive])}")
    left = Path.join(base, "mesh-router-vm-left")
    File.mkdir_p!(left)
    on_exit(fn -> File.rm_rf!(base) end)

    stale = Path.join(left, "auth-1.sock")
    {:ok, socket} = :gen_tcp.listen(0, ifaddr: {:local, stale})
    :gen_tcp.close(socket)
    assert File.exists?(stale)

    {:ok, used} = Folder.socket(:billing_web, [base])
    {:ok, _listener} = :gen_tcp.listen(0, ifaddr: {:local, used})

    # What somebody's link leads to is not ours to remove.
    foreign = Path.join([base, "foreign", "app.sock"])
    File.mkdir_p!(Path.dirname(foreign))
    {:ok, socket} = :gen_tcp.listen(0, ifaddr: {:local, foreign})
    :gen_tcp.close(socket)
    File.ln_s!(Path.dirname(foreign), Path.join(base, "mesh-router-vm-link"))

    Folder.clean([base])
    refute File.exists?(left)
    assert File.exists?(used)
    assert File.exists?(foreign)
  end

  test "a socket's path is short enough, or said" do
    base = Path.join(System.tmp_dir!(), String.duplicate("a", 80))
    File.mkdir_p!(base)
    on_exit(fn -> File.rm_rf!(base) end)
    app = :a_long_name_of_an_application_web
    assert {:error, why} = Folder.socket(app, [base])
    assert why =~ "at most 103 bytes"
    assert {:ok, path} = Folder.socket(app, [base, System.tmp_dir!()])
    assert byte_size(path) <= 103
    Folder.remove(path)
  end

  test "where no folder can be made, the next place is taken" do
    file = Path.join(System.tmp_dir!(), "file-#{System.unique_integer([:positive])}")
    File.write!(file, "")
    on_exit(fn -> File.rm!(file) end)
    assert {:ok, path} = Folder.socket(:a, [file, System.tmp_dir!()])
    assert String.starts_with?(path, System.tmp_dir!())
    assert {:error, why} = Folder.socket(:a, [file])
    assert why =~ "making #{file}/"
    assert {:error, "there is no folder" <> _} = Folder.socket(:a, [])
  end

  test "the folder stays until the package stops", context do
    web = Package.endpoint("FolderWeb", server: true)
    gateway = start(context.gateway)
    Package.start_endpoint(web)
    folder = gateway |> path(web) |> Path.dirname()
    stopping = Task.async(fn -> Package.stop_endpoint(web) end)
    leaves(gateway)
    Task.await(stopping)
    eventually("no socket", fn -> File.ls!(folder) == [] end)
    # Another VM that looks for what is left behind finds nothing.
    Folder.clean()
    assert File.dir?(folder)
    Package.stop()
    refute File.exists?(folder)
  end

  test "a folder that is somebody's link is not used" do
    base = Path.join(System.tmp_dir!(), "link-#{System.unique_integer([:positive])}")
    {:ok, path} = Folder.socket(:a, [System.tmp_dir!()])
    Folder.remove(path)
    File.mkdir_p!(base)
    on_exit(fn -> File.rm_rf!(base) end)
    name = path |> Path.dirname() |> Path.basename()
    File.ln_s!(System.tmp_dir!(), Path.join(base, name))
    assert {:error, why} = Folder.socket(:a, [base])
    assert why =~ "already exists"
  end
end
