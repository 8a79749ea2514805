import Config

config :loops, one: __DIR__ |> Path.basename()
config :loops, last_extra: :one
