import Config

if config_env() == :prod do
  config :shop_web, ShopWeb.Endpoint, url: [host: System.get_env("PHX_HOST") || "example.com"]
end
