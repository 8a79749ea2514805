defmodule Mix.Tasks.MeshRouter.Install do
  @shortdoc "Installs the gateway's binary into _build"

  @moduledoc """
  Installs the gateway's binary, `mesh-router`, as `_build/mesh-router-TARGET`.

      mix mesh_router.install
      mix mesh_router.install --if-missing
      mix mesh_router.install --source ../ex_service_mesh_router

  It downloads the archive of this package's version and compares its SHA-256 with the one that was
  compiled into the package. Nothing else of the package downloads anything.

  **No release has been published yet**, so there is nothing to download: build it from source. Where
  the package itself is used from the gateway's source (`path:` in the dependency), that is what this
  task does by itself.

  ## Options

    * `--if-missing` - does nothing if a binary of the wanted version is there
    * `--source FOLDER` - builds from this folder with the gateway's source, by `cargo`

  ## Configuration

      config :ex_service_mesh_router,
        version: "0.1.0",
        target: "aarch64-unknown-linux-musl",
        base_url: "https://mirror.example.com/mesh-router"

  The archive is `BASE_URL/vVERSION/mesh-router-VERSION-TARGET.tar.gz`. Without `target` it is this
  machine's; for Linux there are static binaries, which any distribution runs. `http_proxy`,
  `https_proxy` and `no_proxy` are obeyed.
  """

  use Mix.Task

  alias ExServiceMeshRouter.Binary

  @impl Mix.Task
  def run(args) do
    case OptionParser.parse(args, strict: [if_missing: :boolean, source: :string]) do
      {options, [], []} ->
        install(options)

      {_, [word | _], []} ->
        Mix.raise(
          "mesh_router.install takes no #{inspect(word)}, see `mix help mesh_router.install`"
        )

      {_, _, [{option, _} | _]} ->
        Mix.raise(
          "mesh_router.install doesn't know #{option}, see `mix help mesh_router.install`"
        )
    end
  end

  defp install(options) do
    Mix.Task.run("loadpaths")

    case Binary.Install.run(options) do
      {:ok, :installed, path} -> Mix.shell().info("installed #{Path.relative_to_cwd(path)}")
      {:ok, :present, path} -> Mix.shell().info("#{Path.relative_to_cwd(path)} is there")
      {:error, why} -> Mix.raise(why)
    end
  end
end
