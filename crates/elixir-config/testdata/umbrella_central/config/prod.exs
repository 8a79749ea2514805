import Config

for {app, endpoint} <- [shop_web: ShopWeb.Endpoint, desk_web: DeskWeb.Endpoint] do
  config app, endpoint, cache_static_manifest: "priv/static/cache_manifest.json"
end

config :logger, level: :info
