use Mix.Config

config :store_web,
  namespace: StoreWeb

config :store_web, StoreWeb.Endpoint,
  url: [host: "localhost"],
  render_errors: [view: StoreWeb.ErrorView, accepts: ~w(html json)],
  pubsub: [name: StoreWeb.PubSub, adapter: Phoenix.PubSub.PG2]

import_config "#{Mix.env}.exs"
