defmodule Mix.Tasks.MeshRouter do
  @shortdoc "Runs the gateway's command line in the project's root"

  @moduledoc """
  Runs the gateway's binary, `mesh-router`, in the project's root.

  It is given the arguments of this task. The root is the umbrella's, in an app of one.

      mix mesh_router validate
      mix mesh_router diff --env dev --env prod
      mix mesh_router help

  It ends with the binary's own exit status. The most used commands have tasks of their own:
  `mix mesh_router.routes`, `mix mesh_router.explain` and `mix mesh_router.doctor`.
  """

  use Mix.Task

  alias ExServiceMeshRouter.Binary

  @impl Mix.Task
  def run(args) do
    case Binary.find() do
      {:ok, path} -> path |> status(args) |> finish()
      {:error, why} -> Mix.raise(why)
    end
  end

  # What it writes goes where this task's output goes, to a terminal as to a terminal.
  defp status(path, args) do
    port =
      Port.open({:spawn_executable, path}, [:nouse_stdio, :exit_status, args: args, cd: root()])

    receive do
      {^port, {:exit_status, status}} -> status
    end
  rescue
    error in ErlangError -> Mix.raise("starting #{path}: #{:file.format_error(error.original)}")
  end

  defp finish(0), do: :ok
  defp finish(status), do: exit({:shutdown, status})

  # All apps of an umbrella share the lock file in its root.
  defp root, do: Mix.Project.config()[:lockfile] |> Path.expand() |> Path.dirname()
end
