use Mix.Config

config :w, order: [nested: 4]
config :w, winner: "nested"
config :w, nested: Path.basename(__DIR__)
