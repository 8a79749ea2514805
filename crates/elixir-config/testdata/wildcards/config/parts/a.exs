use Mix.Config

config :w, order: [a: 2]
config :w, winner: "parts/a"
config :w, seen_a: Mix.env()
