defmodule PhoenixStandIn.MixProject do
  use Mix.Project

  def project do
    [
      app: :phoenix,
      version: "0.1.0",
      config_path: "../../config/config.exs",
      # The one that the package's own tests use.
      elixirc_paths: ["lib", Path.join(System.fetch_env!("PACKAGE"), "test/support/stand_in")],
      deps: []
    ]
  end

  def application, do: [mod: {PhoenixStandIn, []}, extra_applications: [:logger]]
end
