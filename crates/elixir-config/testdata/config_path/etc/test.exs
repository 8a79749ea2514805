import Config

config :shop_web, ShopWeb.Endpoint, http: [port: 4002]
