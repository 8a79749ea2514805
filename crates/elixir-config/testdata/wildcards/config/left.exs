use Mix.Config

config :w, order: [left: 5]
config :w, winner: "left"
config :w, side: :left
