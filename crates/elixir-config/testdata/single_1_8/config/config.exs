# A single application as generators of the 1.8 line lay it out: scopes, assets, versions.
import Config

config :board, :scopes,
  user: [
    default: true,
    module: Board.Accounts.Scope,
    assign_key: :current_scope,
    access_path: [:user, :id],
    schema_key: :user_id,
    schema_type: :id,
    schema_table: :users
  ]

config :board, BoardWeb.Endpoint,
  url: [host: "localhost"],
  adapter: Bandit.PhoenixAdapter,
  pubsub_server: Board.PubSub

config :esbuild,
  version: "0.25.4",
  board: [
    args:
      ~w(js/app.js --bundle --target=es2022 --outdir=../priv/static/assets/js --alias:@=.),
    cd: Path.expand("../assets", __DIR__),
    env: %{"NODE_PATH" => [Path.expand("../deps", __DIR__), Path.expand("../_build", __DIR__)]}
  ]

config :logger, :default_formatter,
  format: "$time $metadata[$level] $message\n",
  metadata: [:request_id]

import_config "#{config_env()}.exs"
