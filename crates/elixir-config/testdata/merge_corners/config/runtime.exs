import Config

config :m, :keywords, b: [d: [e: 30]]
config :m, :back, http: [port: 3]
config :m, :runtime_only, %{env: config_env()}
config :m, :lists, []
config :m, :empty, c: 3
