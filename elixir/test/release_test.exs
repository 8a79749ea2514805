defmodule ExServiceMeshRouter.ReleaseTest do
  use ExUnit.Case, async: true

  import ExServiceMeshRouter.TestProject

  alias ExServiceMeshRouter.FakeBinary

  @moduletag :tmp_dir
  @moduletag timeout: 120_000

  defp project(folder, dependencies) do
    write(folder, %{
      "lib/bundled.ex" => "defmodule Bundled do\nend\n",
      "mix.exs" => """
      defmodule Bundled.MixProject do
        use Mix.Project

        def project do
          [
            app: :bundled,
            version: "0.1.0",
            deps: [#{dependencies}],
            releases: [
              bundled: [
                include_erts: false,
                include_executables_for: [:unix],
                steps: [:assemble, &ExServiceMeshRouter.Release.bundle/1]
              ]
            ]
          ]
        end
      end
      """
    })
  end

  test "a release finds the binary that was bundled into it", %{tmp_dir: folder} do
    project(folder, dependency())
    version = ExServiceMeshRouter.Binary.wanted()
    binary = FakeBinary.write(Path.join(folder, "built/mesh-router"), version)

    {said, status} = mix(folder, ["release"], [{"MIX_ENV", "prod"}, {"MESH_ROUTER_PATH", binary}])
    assert status == 0, said

    release = Path.join(folder, "_build/prod/rel/bundled")
    bundled = Path.join(release, "lib/ex_service_mesh_router-#{version}/priv/bin/mesh-router")
    assert File.read!(bundled) == FakeBinary.script(version)

    # It finds it wherever it lies, and nothing else.
    File.rename!(release, Path.join(folder, "moved"))
    question = "{:ok, path} = ExServiceMeshRouter.Binary.find(); IO.puts(path)"

    started = Path.join(folder, "moved/bin/bundled")
    options = [env: [{"MESH_ROUTER_PATH", nil}], stderr_to_stdout: true]
    {said, status} = System.cmd(started, ["eval", question], options)
    assert status == 0, said

    assert Path.relative_to(String.trim(said), Path.join(folder, "moved")) ==
             "lib/ex_service_mesh_router-#{version}/priv/bin/mesh-router"
  end

  test "without a binary there is no release that lacks it", %{tmp_dir: folder} do
    project(folder, dependency())

    path =
      "#{Path.dirname(System.find_executable("mix"))}:#{Path.dirname(System.find_executable("erl"))}:/bin"

    {said, status} = mix(folder, ["release"], [{"MIX_ENV", "prod"}, {"PATH", path}])
    assert status == 1, said
    assert said =~ "bundling the gateway: mesh-router is not found"
  end
end
