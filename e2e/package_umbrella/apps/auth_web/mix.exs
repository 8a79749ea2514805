defmodule AuthWeb.MixProject do
  use Mix.Project

  # Of the two web applications this one alone depends on the package.
  def project do
    [
      app: :auth_web,
      version: "0.1.0",
      config_path: "../../config/config.exs",
      deps: [
        {:phoenix, in_umbrella: true},
        {:ex_service_mesh_router, path: System.fetch_env!("PACKAGE")}
      ]
    ]
  end

  def application, do: [mod: {AuthWeb.Application, []}, extra_applications: [:logger]]
end
