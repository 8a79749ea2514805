use Mix.Config

config :w, order: [c: 3]
config :w, winner: "parts/c"
import_config "../nested.exs"
