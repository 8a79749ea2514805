import Config

config :auth_web, AuthWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: 4101],
  secret_key_base: "only-for-tests-0123456789abcdef0123456789abcdef0123456789abcdef0123456",
  server: false

config :billing_web, BillingWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: 4102],
  secret_key_base: "only-for-tests-0123456789abcdef0123456789abcdef0123456789abcdef0123456",
  server: false

config :logger, level: :warning
