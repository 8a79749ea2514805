# Read by the release when it starts, and merged over what was compiled.
import Config

config :shop_web, ShopWeb.Endpoint,
  url: [port: String.to_integer(System.fetch_env!("URL_PORT"))],
  http: [port: String.to_integer(System.get_env("PORT", "4001"))],
  server: true
