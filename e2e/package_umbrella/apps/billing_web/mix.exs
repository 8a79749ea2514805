defmodule BillingWeb.MixProject do
  use Mix.Project

  def project do
    [
      app: :billing_web,
      version: "0.1.0",
      config_path: "../../config/config.exs",
      deps: [{:phoenix, in_umbrella: true}]
    ]
  end

  def application, do: [mod: {BillingWeb.Application, []}, extra_applications: [:logger]]
end
