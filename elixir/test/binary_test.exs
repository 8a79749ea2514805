defmodule ExServiceMeshRouter.BinaryTest do
  # Changes the environment, so it runs alone.
  use ExUnit.Case

  import ExUnit.CaptureLog

  alias ExServiceMeshRouter.{Binary, FakeBinary}

  @moduletag :tmp_dir

  setup %{tmp_dir: folder} do
    variables = ["MESH_ROUTER_PATH", "PATH"]
    before = Map.new(variables, &{&1, System.get_env(&1)})
    keys = [:path, :version, :version_check, :target]
    configured = Map.new(keys, &{&1, Application.get_env(:ex_service_mesh_router, &1)})

    on_exit(fn ->
      System.put_env(before)

      for {key, value} <- configured do
        if value == nil,
          do: Application.delete_env(:ex_service_mesh_router, key),
          else: Application.put_env(:ex_service_mesh_router, key, value)
      end
    end)

    for key <- keys, do: Application.delete_env(:ex_service_mesh_router, key)
    System.delete_env("MESH_ROUTER_PATH")
    # Whatever this machine has is not to be found.
    System.put_env("PATH", "/usr/bin:/bin")
    %{wanted: Binary.wanted(), other: Path.join(folder, "other")}
  end

  defp configure(key, value), do: Application.put_env(:ex_service_mesh_router, key, value)

  defp on_path(folder), do: System.put_env("PATH", "#{folder}:/usr/bin:/bin")

  test "what the configuration names comes first, and then the variable", context do
    named = FakeBinary.write(Path.join(context.tmp_dir, "named"), context.wanted)
    variable = FakeBinary.write(Path.join(context.tmp_dir, "variable"), context.wanted)
    System.put_env("MESH_ROUTER_PATH", variable)
    assert Binary.find() == {:ok, variable}
    configure(:path, named)
    assert Binary.find() == {:ok, named}
  end

  test "what is named and missing is an error, whatever else there is", context do
    FakeBinary.write(Path.join(context.tmp_dir, "mesh-router"), context.wanted)
    on_path(context.tmp_dir)
    System.put_env("MESH_ROUTER_PATH", "/nowhere/mesh-router")
    assert {:error, "MESH_ROUTER_PATH names /nowhere/mesh-router" <> _} = Binary.find()
    configure(:path, context.tmp_dir)
    assert {:error, "`path:` of the configuration names " <> _} = Binary.find()
    configure(:path, :there)
    assert {:error, "`path:` of the configuration names :there" <> _} = Binary.find()
  end

  test "an empty variable names nothing", context do
    System.put_env("MESH_ROUTER_PATH", "")
    on_path(context.tmp_dir)
    found = FakeBinary.write(Path.join(context.tmp_dir, "mesh-router"), context.wanted)
    assert Binary.find() == {:ok, found}
  end

  test "on PATH only the wanted version counts", context do
    found = FakeBinary.write(Path.join(context.tmp_dir, "mesh-router"), "0.0.1")
    on_path(context.tmp_dir)
    assert {:error, why} = Binary.find()
    assert why =~ "#{found} is version 0.0.1, and #{context.wanted} is wanted"
    assert why =~ "mix mesh_router.install"
    configure(:version, "0.0.1")
    assert Binary.find() == {:ok, found}
    configure(:version, nil)
    configure(:version_check, false)
    assert Binary.find() == {:ok, found}
  end

  test "what `mix mesh_router.install` put into _build is found before PATH", context do
    configure(:target, "x86_64-apple-darwin")
    installed = FakeBinary.write(Binary.install_path("x86_64-apple-darwin"), context.wanted)
    on_exit(fn -> File.rm!(installed) end)
    FakeBinary.write(Path.join(context.tmp_dir, "mesh-router"), context.wanted)
    on_path(context.tmp_dir)
    assert Binary.find() == {:ok, installed}
  end

  test "another version than the wanted one is used and told of, unless that is switched off",
       context do
    named = FakeBinary.write(Path.join(context.tmp_dir, "named"), "0.0.1")
    configure(:path, named)
    log = capture_log(fn -> assert Binary.find() == {:ok, named} end)
    assert log =~ "#{named} is version 0.0.1, and #{context.wanted} is wanted"
    configure(:version_check, false)
    assert capture_log(fn -> assert Binary.find() == {:ok, named} end) == ""
    configure(:version_check, true)
    File.write!(named, "#!/bin/sh\necho no >&2; exit 9\n")
    log = capture_log(fn -> assert Binary.find() == {:ok, named} end)
    assert log =~ "doesn't tell its version (`#{named} --version` ended with 9: no)"
    File.chmod!(named, 0o644)
    log = capture_log(fn -> assert Binary.find() == {:ok, named} end)
    assert log =~ "starting #{named}: permission denied"
  end

  test "where there is none, it says what to do" do
    configure(:target, "aarch64-apple-darwin")
    assert {:error, why} = Binary.find()
    assert why =~ "mesh-router is not found: run `mix mesh_router.install`"
    assert why =~ "MESH_ROUTER_PATH"
  end

  test "a target is this machine's, or the configured one" do
    linux = {:unix, :linux}
    darwin = {:unix, :darwin}
    assert Binary.machine(linux, "x86_64-pc-linux-gnu") == {:ok, "x86_64-unknown-linux-musl"}

    assert Binary.machine(linux, "aarch64-alpine-linux-musl") ==
             {:ok, "aarch64-unknown-linux-musl"}

    assert Binary.machine(darwin, "aarch64-apple-darwin23.1.0") == {:ok, "aarch64-apple-darwin"}
    assert Binary.machine(darwin, "arm-apple-darwin20.3.0") == {:ok, "aarch64-apple-darwin"}
    assert Binary.machine(darwin, "x86_64-apple-darwin20") == {:ok, "x86_64-apple-darwin"}
    assert {:error, "no binary is made for " <> _} = Binary.machine(linux, "riscv64-linux-gnu")
    assert {:error, _} = Binary.machine(linux, "arm-unknown-linux-gnueabihf")
    assert {:error, _} = Binary.machine({:win32, :nt}, "win32")
    assert {:error, _} = Binary.machine({:unix, :freebsd}, "amd64-portbld-freebsd14.0")

    configure(:target, "aarch64-apple-darwin")
    assert Binary.target() == {:ok, "aarch64-apple-darwin"}
    configure(:target, "aarch64-linux")
    assert {:error, "target \"aarch64-linux\" is none of " <> _} = Binary.target()
  end
end
