defmodule Mix.Tasks.MeshRouter.Doctor do
  @shortdoc "Tells what is wrong in this project, or will surprise"

  @moduledoc """
  Tells what is wrong in this project, or will surprise behind a gateway.

  Such as links that lead past it, sockets that refuse a page, redirects that loop behind TLS. Each finding has file and line, why it matters,
  and the line to write.

      mix mesh_router.doctor
      mix mesh_router.doctor --env prod
      mix mesh_router.doctor --json --strict

  It is `mesh-router doctor`, run in the project's root with the arguments that follow. It ends with 3
  where a finding is an error, with `--strict` for warnings too, so that it can stand in CI.
  `mix mesh_router doctor --help` tells all of them.
  """

  use Mix.Task

  @impl Mix.Task
  def run(args), do: Mix.Tasks.MeshRouter.run(["doctor" | args])
end
