use Mix.Config

config :w, order: [last: 7]
config :w, winner: "last"
config :w, last: :file
