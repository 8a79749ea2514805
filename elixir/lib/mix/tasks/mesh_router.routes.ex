defmodule Mix.Tasks.MeshRouter.Routes do
  @shortdoc "Prints the gateway's table: host, endpoint, address"

  @moduledoc """
  Prints the table that the gateway makes of this project.

  That is which host leads to which endpoint, where that listens, and the file and line that say so.

      mix mesh_router.routes
      mix mesh_router.routes --env prod
      mix mesh_router.routes --running
      mix mesh_router.routes --json

  It is `mesh-router routes`, run in the project's root with the arguments that follow, and reads the
  project without starting it; `--running` asks the gateway that runs. `mix mesh_router routes --help`
  tells all of them.
  """

  use Mix.Task

  @impl Mix.Task
  def run(args), do: Mix.Tasks.MeshRouter.run(["routes" | args])
end
