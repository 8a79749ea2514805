defmodule ExServiceMeshRouter.Release do
  @moduledoc """
  Puts the gateway's binary into a release.

      # mix.exs
      releases: [
        shop: [
          applications: [auth_web: :permanent, billing_web: :permanent],
          steps: [:assemble, &ExServiceMeshRouter.Release.bundle/1]
        ]
      ]

  A step of the release needs the package when `mix.exs` is read, which is before it is compiled: the
  capture above is only called once the release is assembled, so that it works as written.
  """

  alias ExServiceMeshRouter.{Binary, Optional}

  @app :ex_service_mesh_router

  @doc """
  Copies the binary that `ExServiceMeshRouter.Binary.find/0` finds into the release, as
  `lib/ex_service_mesh_router-VERSION/priv/bin/mesh-router`, where a running release finds it.

  A step for `mix release`, behind `:assemble`. It ends `mix release` with an error where there is no
  binary, or where this package is no part of the release. A release for another platform than this
  machine's needs that one's binary: `config :ex_service_mesh_router, target: …` and a download by
  `mix mesh_router.install`, or `path:`.
  """
  @spec bundle(Mix.Release.t()) :: Mix.Release.t()
  def bundle(release) do
    version =
      case release.applications do
        %{@app => properties} -> properties[:vsn]
        _ -> raise_in_mix("#{@app} is no part of the release #{release.name}")
      end

    case Binary.find() do
      {:ok, binary} ->
        folder = Path.join([release.path, "lib", "#{@app}-#{version}", "priv", "bin"])
        bundled = Path.join(folder, "mesh-router")
        File.mkdir_p!(folder)
        # A running release may be executing the one that lies there, if one does.
        _ = File.rm(bundled)
        File.cp!(binary, bundled)
        File.chmod!(bundled, 0o755)
        release

      {:error, why} ->
        raise_in_mix(why)
    end
  end

  defp raise_in_mix(why), do: Optional.call(Mix, :raise, ["bundling the gateway: " <> why])
end
