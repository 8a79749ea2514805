use Mix.Config

config :admin_web, AdminWeb.Endpoint, secret_key_base: "not-really-a-secret"
