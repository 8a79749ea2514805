import Config

if System.get_env("SERVERS") in ["1", "true"] do
  config :shop_web, ShopWeb.Endpoint, server: true
  config :desk_web, DeskWeb.Endpoint, server: true
end

if config_env() == :prod do
  config :shop_web, ShopWeb.Endpoint,
    url: [host: System.get_env("SHOP_HOST") || "shop.example.com", scheme: "https", port: 443],
    http: [port: String.to_integer(System.get_env("SHOP_PORT", "4000"))]

  config :desk_web, DeskWeb.Endpoint,
    url: [host: System.get_env("DESK_HOST", "desk.example.com"), scheme: "https", port: 443],
    http: [:inet6, port: String.to_integer(System.fetch_env!("DESK_PORT"))]
end
