defmodule ExServiceMeshRouter.TasksTest do
  use ExUnit.Case, async: true

  import ExServiceMeshRouter.TestProject

  alias ExServiceMeshRouter.FakeBinary

  @moduletag :tmp_dir
  @moduletag timeout: 120_000

  # An umbrella with one app that uses the package, compiled once.
  setup_all do
    folder = Path.expand("tmp/#{inspect(__MODULE__)}.umbrella")
    File.rm_rf!(folder)

    write(folder, %{
      "config/config.exs" => "import Config\n",
      "mix.exs" => """
      defmodule Tasks.MixProject do
        use Mix.Project
        def project, do: [apps_path: "apps", version: "0.1.0", deps: []]
      end
      """,
      "apps/auth_web/lib/auth_web.ex" => "defmodule AuthWeb do\nend\n",
      "apps/auth_web/mix.exs" => """
      defmodule AuthWeb.MixProject do
        use Mix.Project

        def project do
          [
            app: :auth_web,
            version: "0.1.0",
            build_path: "../../_build",
            config_path: "../../config/config.exs",
            deps_path: "../../deps",
            lockfile: "../../mix.lock",
            deps: [#{dependency()}]
          ]
        end
      end
      """
    })

    version = ExServiceMeshRouter.Binary.wanted()
    binary = FakeBinary.write(Path.join(folder, "built/mesh-router"), version)
    {said, status} = mix(folder, ["compile"])
    assert status == 0, said
    %{env: [{"MESH_ROUTER_PATH", binary}], root: real(folder)}
  end

  # As a process sees its folder, without links.
  defp real(folder) do
    {path, 0} = System.cmd("pwd", ["-P"], cd: folder)
    String.trim(path)
  end

  test "commands run in the project's root and keep arguments and status", context do
    for {folder, task, command} <- [
          {"", ["mesh_router.routes"], "routes"},
          {"", ["mesh_router.explain", "t1.auth.localhost"], "explain t1.auth.localhost"},
          {"apps/auth_web", ["mesh_router.doctor", "--env", "prod"], "doctor --env prod"},
          {"apps/auth_web", ["mesh_router", "help", "run"], "help run"}
        ] do
      {said, status} = mix(Path.join(context.root, folder), task, context.env)
      assert said =~ "arguments: #{command}\nfolder: #{context.root}\n"
      assert status == 3
    end
  end

  test "without a binary they say what to do", context do
    path =
      "#{Path.dirname(System.find_executable("mix"))}:#{Path.dirname(System.find_executable("erl"))}:/bin"

    {said, status} = mix(context.root, ["mesh_router.routes"], [{"PATH", path}])
    assert said =~ "mesh-router is not found"
    assert status == 1
  end

  test "install builds the binary from source, and leaves it if it is there", context do
    on_exit(fn ->
      Enum.each(Path.wildcard(Path.join(context.root, "_build/mesh-router-*")), &File.rm!/1)
    end)

    source = Path.join(context.tmp_dir, "source")
    version = ExServiceMeshRouter.Binary.wanted()

    write(context.tmp_dir, %{
      "source/crates/mesh-router/Cargo.toml" => "[package]\n",
      "bin/cargo" => """
      #!/bin/sh
      while [ "$1" != --root ]; do shift; done
      mkdir -p "$2/bin"
      printf '#!/bin/sh\\necho mesh-router #{version}\\n' > "$2/bin/mesh-router"
      """
    })

    File.chmod!(Path.join(context.tmp_dir, "bin/cargo"), 0o755)
    env = [{"PATH", Path.join(context.tmp_dir, "bin") <> ":" <> System.get_env("PATH")}]
    install = ["mesh_router.install", "--if-missing", "--source", source]
    {said, status} = mix(context.root, install, env)
    assert status == 0, said
    assert said =~ ~r/installed _build\/mesh-router-\w+-/
    {said, 0} = mix(context.root, install, env)
    assert said =~ ~r/_build\/mesh-router-\S+ is there/
    # Both the root and an app look there.
    for folder <- [context.root, Path.join(context.root, "apps/auth_web")] do
      {said, 0} = mix(folder, ["mesh_router", "--version"])
      assert said =~ "mesh-router #{version}"
    end
  end

  test "install refuses what it doesn't know", context do
    {said, 1} = mix(context.root, ["mesh_router.install", "--force"])
    assert said =~ "mesh_router.install doesn't know --force"
    {said, 1} = mix(context.root, ["mesh_router.install", "now"])
    assert said =~ ~s(mesh_router.install takes no "now")
  end

  test "setup shows, asks, and writes once", context do
    endpoint = "apps/auth_web/lib/auth_web/endpoint.ex"
    kept = ["config/config.exs", "config/dev.exs"]

    write(context.root, %{
      "config/dev.exs" => "import Config\n",
      endpoint =>
        "defmodule AuthWeb.Endpoint do\n  use Phoenix.Endpoint, otp_app: :auth_web\nend\n"
    })

    before = contents(context.root, kept)

    on_exit(fn ->
      write(context.root, before)
      File.rm!(Path.join(context.root, endpoint))
    end)

    setup = &mix(context.root, ["mesh_router.setup" | &1])

    # Nobody answers, which is no.
    {said, 0} = setup.([])

    assert said =~
             "config/config.exs\n  import Config\n+\n+ config :ex_service_mesh_router, port: 4000"

    assert said =~
             ~s(+ config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost", port: 4000])

    assert said =~ "Write this?"
    assert said =~ "Nothing was written."
    assert contents(context.root, kept) == before

    {said, 0} = setup.(["--yes"])
    assert said =~ "Written. Next:"
    refute contents(context.root, kept) == before

    {said, 0} = mix(Path.join(context.root, "apps/auth_web"), ["mesh_router.setup"])
    assert said =~ "Everything is there already."

    {said, 1} = setup.(["--prot", "80"])
    assert said =~ "mesh_router.setup can't do with --prot"
  end

  defp contents(root, files), do: Map.new(files, &{&1, File.read!(Path.join(root, &1))})
end
