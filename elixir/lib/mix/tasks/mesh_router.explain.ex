defmodule Mix.Tasks.MeshRouter.Explain do
  @shortdoc "Tells why a host leads where it does"

  @moduledoc """
  Tells where a request to a host or URL goes, and why.

  That is the route and its rule, the endpoint and where it
  listens, the tenant that `Router.Shared.TenantResolver` sees, and the line each was written in.

      mix mesh_router.explain tenant1.auth.localhost
      mix mesh_router.explain http://auth.local:4000/login
      mix mesh_router.explain auth.example.com --env prod --json

  It is `mesh-router explain`, run in the project's root with the arguments that follow.
  `mix mesh_router explain --help` tells all of them.
  """

  use Mix.Task

  @impl Mix.Task
  def run(args), do: Mix.Tasks.MeshRouter.run(["explain" | args])
end
