defmodule ExServiceMeshRouter.MixProject do
  use Mix.Project

  @version "0.1.0"

  def project do
    [
      app: :ex_service_mesh_router,
      version: @version,
      elixir: "~> 1.14",
      start_permanent: Mix.env() == :prod,
      elixirc_paths: elixirc_paths(Mix.env()),
      description: "A gateway for Phoenix umbrella applications that finds its routes by itself",
      package: package(),
      deps: deps()
    ]
  end

  def application do
    [
      mod: {ExServiceMeshRouter.Application, []},
      extra_applications: [:crypto, :logger, inets: :optional, ssl: :optional]
    ]
  end

  defp elixirc_paths(:test), do: ["lib", "test/support"]
  defp elixirc_paths(_env), do: ["lib"]

  # Phoenix, Plug, LiveView and telemetry are used where the application has them, and looked up when
  # it runs: none is needed to compile this package.
  defp deps, do: []

  defp package do
    [
      licenses: ["Apache-2.0"],
      files: ~w(lib guides checksums.txt mix.exs README.md CHANGELOG.md LICENSE .formatter.exs)
    ]
  end
end
