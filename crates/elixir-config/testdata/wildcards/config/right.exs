use Mix.Config

config :w, order: [right: 6]
config :w, winner: "right"
config :w, side: :right
