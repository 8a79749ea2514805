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
      docs: docs(),
      deps: deps(),
      # Looked up when it runs, where the application has them.
      xref: [exclude: [Phoenix.Component, Phoenix.LiveView, Plug.Conn]]
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

  # For ExDoc, which whoever publishes has: `mix docs` needs no dependency of this package.
  defp docs do
    guides = ~w(getting-started multi-tenant behind-a-balancer releases troubleshooting leaving)

    [
      main: "readme",
      source_ref: "v#{@version}",
      extras:
        ["README.md"] ++ Enum.map(guides, &"guides/#{&1}.md") ++ ["CHANGELOG.md", "LICENSE"],
      groups_for_extras: [Guides: ~r/guides\//],
      groups_for_modules: [
        Tenants: [
          Router.Shared.TenantResolver,
          ExServiceMeshRouter.TenantPlug,
          ExServiceMeshRouter.TenantError,
          ExServiceMeshRouter.Test
        ],
        "The binary": [ExServiceMeshRouter.Binary, ExServiceMeshRouter.Release]
      ]
    ]
  end
end
