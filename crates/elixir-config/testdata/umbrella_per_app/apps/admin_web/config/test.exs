use Mix.Config

config :admin_web, AdminWeb.Endpoint, http: [port: 4110], server: false
