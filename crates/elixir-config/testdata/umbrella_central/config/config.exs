# One umbrella, two endpoints, all of its configuration here.
import Config

config :shop, ecto_repos: [Shop.Repo], generators: [context_app: :shop]
config :shop_web, endpoint: ShopWeb.Endpoint
config :desk_web, endpoint: DeskWeb.Endpoint

config :shop_web, ShopWeb.Endpoint,
  url: [host: "localhost"],
  adapter: Bandit.PhoenixAdapter,
  render_errors: [
    formats: [html: ShopWeb.ErrorHTML, json: ShopWeb.ErrorJSON],
    layout: false
  ],
  pubsub_server: Shop.PubSub,
  live_view: [signing_salt: "salt-of-shop"]

config :desk_web, DeskWeb.Endpoint,
  url: [host: "localhost", path: "/desk"],
  adapter: Phoenix.Endpoint.Cowboy2Adapter,
  pubsub_server: Shop.PubSub

config :esbuild,
  version: "0.21.5",
  shop_web: [
    args: ~w(js/app.js --bundle --target=es2020 --outdir=../priv/static/assets),
    cd: Path.expand("../apps/shop_web/assets", __DIR__),
    env: %{"NODE_PATH" => Path.expand("../deps", __DIR__)}
  ]

config :logger, :console,
  format: "$time $metadata[$level] $message\n",
  metadata: [:request_id]

import_config "#{config_env()}.exs"
