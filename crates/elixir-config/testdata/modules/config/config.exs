# A module beside the settings, ports as texts, and what Phoenix reads from the environment.
import Config

defmodule Acme.ConfigHelper do
  def port(name, default), do: String.to_integer(System.get_env(name) || default)
end

config :shop_web, ShopWeb.Endpoint,
  url: [host: "shop.test"],
  http: [port: "4002"],
  server: true

config :shop_web, pool: Acme.ConfigHelper.port("POOL", "10")

config :shop_web, ShopWeb.Endpoint, url: [port: {:system, "URL_PORT"}]

config :admin_web, AdminWeb.Endpoint,
  url: [host: {:system, "ADMIN_HOST", "admin.test"}],
  http: [port: {:system, "PORT"}],
  server: System.get_env("ADMIN") == "true"
