import Config

config :shop_web, ShopWeb.Endpoint, http: [port: 4_002], server: false
config :desk_web, DeskWeb.Endpoint, http: [port: 4_003], server: false
config :logger, level: :warning
