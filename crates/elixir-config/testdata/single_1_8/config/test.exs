import Config

config :board, BoardWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 4002], server: false
config :phoenix, :plug_init_mode, :runtime
