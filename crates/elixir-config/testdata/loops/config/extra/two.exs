import Config

config :loops, two: __DIR__ |> Path.basename()
config :loops, last_extra: :two
