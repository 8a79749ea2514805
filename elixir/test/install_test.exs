defmodule ExServiceMeshRouter.InstallTest do
  # Changes the environment, so it runs alone.
  use ExUnit.Case

  import ExUnit.CaptureIO

  alias ExServiceMeshRouter.{Binary, FakeBinary, WebServer}
  alias ExServiceMeshRouter.Binary.Install

  @moduletag :tmp_dir

  {:ok, target} = Binary.machine()
  @target target
  @name "mesh-router-9.9.9-#{@target}.tar.gz"

  setup %{tmp_dir: folder} do
    variables = ~w(http_proxy HTTP_PROXY https_proxy HTTPS_PROXY no_proxy NO_PROXY PATH)
    before = Map.new(variables, &{&1, System.get_env(&1)})
    on_exit(fn -> Enum.each(before, &restore/1) end)
    for variable <- variables, variable != "PATH", do: System.delete_env(variable)

    archive = FakeBinary.archive(FakeBinary.script("9.9.9"), folder)
    %{archive: archive, path: Path.join(folder, "_build/mesh-router-target")}
  end

  defp restore({variable, nil}), do: System.delete_env(variable)
  defp restore({variable, value}), do: System.put_env(variable, value)

  defp sha256(bytes), do: Base.encode16(:crypto.hash(:sha256, bytes), case: :lower)

  # Serves `answer` as the archive, of which `archive` is what was published.
  defp download(answer, archive, path) do
    base_url = WebServer.start(%{"/v9.9.9/#{@name}" => answer})
    download_from(base_url, archive, path)
  end

  defp download_from(base_url, archive, path) do
    Install.download("9.9.9", @target, base_url, %{@name => sha256(archive)}, path)
  end

  # Nothing but what lay there before.
  defp untouched(path) do
    assert File.ls!(Path.dirname(path)) == [Path.basename(path)]
    assert File.read!(path) == FakeBinary.script("0.0.1")
  end

  test "an archive of the right checksum becomes the binary", context do
    answer = WebServer.ok(context.archive)
    assert download(answer, context.archive, context.path) == {:ok, :installed, context.path}
    assert {"mesh-router 9.9.9\n", 0} = System.cmd(context.path, ["--version"])
    assert File.ls!(Path.dirname(context.path)) == ["mesh-router-target"]
  end

  test "a redirect is followed", context do
    target = WebServer.start(%{"/there" => WebServer.ok(context.archive)})
    answer = "HTTP/1.1 302 Found\r\nlocation: #{target}/there\r\ncontent-length: 0\r\n\r\n"
    base_url = WebServer.start(%{"/v9.9.9/#{@name}" => answer})
    assert {:ok, :installed, _} = download_from(base_url, context.archive, context.path)
  end

  test "what is not the archive never becomes the binary", context do
    FakeBinary.write(context.path, "0.0.1")
    other = FakeBinary.archive(FakeBinary.script("6.6.6"), context.tmp_dir)
    {:error, why} = download(WebServer.ok(other), context.archive, context.path)
    assert why =~ "is not what was published: its SHA-256 is #{sha256(other)} instead of "
    untouched(context.path)
  end

  test "nor does half of it, whether its end is cut off or left open", context do
    FakeBinary.write(context.path, "0.0.1")
    half = binary_part(context.archive, 0, div(byte_size(context.archive), 2))
    length = "content-length: #{byte_size(context.archive)}\r\n"

    {:error, why} =
      download("HTTP/1.1 200 OK\r\n#{length}\r\n#{half}", context.archive, context.path)

    assert why =~ ~r/downloading .*#{@name}|is not what was published/
    untouched(context.path)
  end

  test "nor does half of it that looks whole", context do
    FakeBinary.write(context.path, "0.0.1")
    half = binary_part(context.archive, 0, div(byte_size(context.archive), 2))
    # Without a length the end of the connection is the end of the body.
    {:error, why} = download("HTTP/1.1 200 OK\r\n\r\n#{half}", context.archive, context.path)
    assert why =~ "is not what was published"
    untouched(context.path)
  end

  test "an archive that is missing is told by its status", context do
    FakeBinary.write(context.path, "0.0.1")
    base_url = WebServer.start(%{})
    {:error, why} = download_from(base_url, context.archive, context.path)
    assert why == "#{base_url}/v9.9.9/#{@name} answered 404 Not Found"
    untouched(context.path)
  end

  test "a server that is not there is told", context do
    {:ok, listener} = :gen_tcp.listen(0, ip: {127, 0, 0, 1})
    {:ok, port} = :inet.port(listener)
    :gen_tcp.close(listener)
    {:error, why} = download_from("http://127.0.0.1:#{port}", context.archive, context.path)
    assert why =~ "downloading http://127.0.0.1:#{port}/"
    assert why =~ "econnrefused"
    refute File.exists?(context.path)
  end

  test "a binary that doesn't start on this machine is not installed", context do
    FakeBinary.write(context.path, "0.0.1")
    archive = FakeBinary.archive("\x7fELF of another machine", context.tmp_dir)
    {:error, why} = download(WebServer.ok(archive), archive, context.path)
    assert why =~ ~r/starting .*partial|ended with/
    untouched(context.path)
  end

  test "a binary of another platform is installed by its checksum alone", context do
    target =
      if @target =~ "x86_64", do: "aarch64-unknown-linux-musl", else: "x86_64-unknown-linux-musl"

    name = "mesh-router-9.9.9-#{target}.tar.gz"
    archive = FakeBinary.archive("\x7fELF of another machine", context.tmp_dir)
    base_url = WebServer.start(%{"/v9.9.9/#{name}" => WebServer.ok(archive)})
    checksums = %{name => sha256(archive)}
    download = &Install.download("9.9.9", target, base_url, &1, context.path)
    assert download.(checksums) == {:ok, :installed, context.path}
    assert File.read!(context.path) == "\x7fELF of another machine"

    # From source it would be this machine's.
    Application.put_env(:ex_service_mesh_router, :target, target)
    on_exit(fn -> Application.delete_env(:ex_service_mesh_router, :target) end)
    assert {:error, why} = Install.run(source: "..")
    assert why =~ "#{target} is another platform than this machine's"
  end

  test "what holds no binary, or is no archive, is told", context do
    empty = Path.join(context.tmp_dir, "empty.tar.gz")
    :ok = :erl_tar.create(empty, [{~c"README", "nothing"}], [:compressed])
    empty = File.read!(empty)
    {:error, why} = download(WebServer.ok(empty), empty, context.path)
    assert why =~ "holds no mesh-router"
    {:error, why} = download(WebServer.ok("no archive"), "no archive", context.path)
    assert why =~ "unpacking http://"
    refute File.exists?(context.path)
  end

  # Both ends log what they think of each other.
  @tag :capture_log
  test "a server is believed if an authority vouches for its name", context do
    Application.ensure_all_started(:ssl)
    on_exit(&:public_key.cacerts_clear/0)
    here = [dNSName: ~c"localhost"]

    trusted = certified(here)
    trust(trusted, context.tmp_dir)
    assert {:ok, :installed, _} = download_by_tls(trusted, context)
    File.rm!(context.path)

    assert {:error, why} = download_by_tls(certified(here), context)
    assert why =~ "unknown_ca"

    other_name = certified(dNSName: ~c"other.test")
    trust(other_name, context.tmp_dir)
    assert {:error, why} = download_by_tls(other_name, context)
    assert why =~ "hostname_check_failed"

    assert_received {:requested, _path}
    refute_received {:requested, _path}
    refute File.exists?(context.path)
  end

  # A server's key, its certificate for these names, and that of an authority made for it alone.
  defp certified(names) do
    key = [key: {:rsa, 2048, 65_537}, digest: :sha256]
    # RFC 5280 §4.2.1.6
    extension = {:Extension, {2, 5, 29, 17}, false, names}
    server = %{root: key, intermediates: [], peer: [extensions: [extension]] ++ key}
    client = %{root: key, intermediates: [], peer: key}
    made = :public_key.pkix_test_data(%{server_chain: server, client_chain: client})

    %{
      server: Keyword.take(made.server_config, [:cert, :key]),
      authorities: made.client_config[:cacerts]
    }
  end

  defp trust(%{authorities: authorities}, folder) do
    pem = for authority <- authorities, do: {:Certificate, authority, :not_encrypted}
    file = Path.join(folder, "authorities.pem")
    File.write!(file, :public_key.pem_encode(pem))
    :ok = :public_key.cacerts_load(String.to_charlist(file))
  end

  defp download_by_tls(%{server: tls}, context) do
    answer = WebServer.ok(context.archive)
    base_url = WebServer.start(%{"/v9.9.9/#{@name}" => answer}, tls: tls)
    base_url = String.replace(base_url, "127.0.0.1", "localhost")
    download_from(base_url, context.archive, context.path)
  end

  test "a proxy is used where the environment names one, but for hosts without", context do
    url = "http://releases.invalid"
    proxy = WebServer.start(%{"#{url}/v9.9.9/#{@name}" => WebServer.ok(context.archive)})
    System.put_env("http_proxy", proxy)
    assert {:ok, :installed, _} = download_from(url, context.archive, context.path)
    assert_received {:requested, "http://releases.invalid/" <> _}
    System.put_env("no_proxy", "example.com,releases.invalid")
    assert {:error, _} = download_from(url, context.archive, context.path)
    refute_received {:requested, _path}
  end

  test "without a checksum nothing is asked for", context do
    base_url = WebServer.start(%{})

    {:error, why} = Install.download("9.9.9", @target, base_url, %{}, context.path)

    assert why =~ "knows no checksum of #{@name}"
    assert why =~ "no release has been published yet"
    assert why =~ "mix mesh_router.install --source FOLDER"

    {:error, why} =
      Install.download("9.9.9", "aarch64-apple-darwin", base_url, %{@name => "00"}, context.path)

    assert why =~ "knows no checksum of mesh-router-9.9.9-aarch64-apple-darwin.tar.gz"
    refute why =~ "no release has been published yet"
    refute_received {:requested, _path}

    {:error, why} =
      Install.download("9.9.9", "x86_64-unknown-linux-musl", nil, %{@name => "00"}, context.path)

    assert why =~ "base_url"
  end

  describe "from source" do
    # A folder that looks like the gateway's source, and a cargo that writes what it is asked to.
    setup %{tmp_dir: folder} do
      source = Path.join(folder, "source")
      File.mkdir_p!(Path.join(source, "crates/mesh-router"))
      File.write!(Path.join(source, "crates/mesh-router/Cargo.toml"), "[package]\n")
      %{source: source, cargo: Path.join(folder, "bin/cargo")}
    end

    defp cargo(path, script) do
      File.mkdir_p!(Path.dirname(path))
      File.write!(path, "#!/bin/sh\n" <> script)
      File.chmod!(path, 0o755)
      System.put_env("PATH", "#{Path.dirname(path)}:/usr/bin:/bin")
    end

    test "cargo builds the binary", context do
      cargo(context.cargo, """
      while [ "$1" != --root ]; do echo "$1"; shift; done
      mkdir -p "$2/bin"
      printf '#!/bin/sh\\necho mesh-router 7.7.7\\n' > "$2/bin/mesh-router"
      """)

      said =
        capture_io(fn ->
          assert Install.build(context.source, context.path) == {:ok, :installed, context.path}
        end)

      assert said =~
               "install\n--locked\n--no-track\n--path\n#{context.source}/crates/mesh-router\n"

      assert {"mesh-router 7.7.7\n", 0} = System.cmd(context.path, ["--version"])
      assert File.ls!(Path.dirname(context.path)) == ["mesh-router-target"]
    end

    test "a build that fails leaves what was there", context do
      FakeBinary.write(context.path, "0.0.1")
      cargo(context.cargo, "echo no compiler; exit 101\n")

      said =
        capture_io(fn ->
          assert {:error, "cargo install " <> why} = Install.build(context.source, context.path)
          assert why =~ "ended with 101"
        end)

      assert said =~ "no compiler"
      untouched(context.path)
    end

    test "a folder without source, and a machine without cargo, are told", context do
      System.put_env("PATH", "/nowhere")
      assert {:error, why} = Install.build(context.source, context.path)
      assert why =~ "needs cargo"
      assert {:error, why} = Install.build(context.tmp_dir, context.path)
      assert why =~ "is not the gateway's source"
    end
  end
end
