
config :part_NNN_web,
  generators: [context_app: :part_NNN]

# Configures the endpoint
config :part_NNN_web, PartNNNWeb.Endpoint,
  url: [host: "localhost"],
  adapter: Bandit.PhoenixAdapter,
  render_errors: [
    formats: [html: PartNNNWeb.ErrorHTML, json: PartNNNWeb.ErrorJSON],
    layout: false
  ],
  pubsub_server: PartNNN.PubSub,
  live_view: [signing_salt: "saltNNN"]

# Configure esbuild (the version is required)
config :esbuild,
  version: "0.17.11",
  part_NNN_web: [
    args:
      ~w(js/app.js --bundle --target=es2017 --outdir=../priv/static/assets --external:/fonts/* --external:/images/*),
    cd: Path.expand("../apps/part_NNN_web/assets", __DIR__),
    env: %{"NODE_PATH" => Path.expand("../deps", __DIR__)}
  ]

# Configure tailwind (the version is required)
config :tailwind,
  version: "3.4.3",
  part_NNN_web: [
    args: ~w(
      --config=tailwind.config.js
      --input=css/app.css
      --output=../priv/static/assets/app.css
    ),
    cd: Path.expand("../apps/part_NNN_web/assets", __DIR__)
  ]
