use Mix.Config

config :w, order: [b: 1]
config :w, winner: "parts/b"
config :w, seen_b: true
