use Mix.Config

config :store_web, StoreWeb.Endpoint, http: [port: 4111], server: false
