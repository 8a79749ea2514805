defmodule ExServiceMeshRouter.TestProject do
  # Mix projects that use this package, for tasks that only mean something inside one.

  @package Path.expand("../..", __DIR__)

  # Writes files, given by their paths, into a folder.
  def write(folder, files) do
    for {path, content} <- files do
      path = Path.join(folder, path)
      File.mkdir_p!(Path.dirname(path))
      File.write!(path, content)
    end

    folder
  end

  def dependency, do: "{:ex_service_mesh_router, path: #{inspect(@package)}}"

  # Runs mix in a folder, as a user would who has nothing to say.
  def mix(folder, args, env \\ []) do
    ours = [{"MIX_BUILD_PATH", nil}, {"MIX_ENV", nil}, {"MESH_ROUTER_PATH", nil}]
    options = [cd: folder, env: ours ++ env, stderr_to_stdout: true]
    System.cmd("sh", ["-c", ~s(exec mix "$@" </dev/null), "mix" | args], options)
  end
end
