import Config

config :shop_web, ShopWeb.Endpoint, url: [host: "shop.test", port: 80]
