import Config

config :auth_web,
  endpoint: AuthWeb.Endpoint

config :auth_web, AuthWeb.Endpoint,
  url: [host: "auth.local", port: 4001],
  adapter: Bandit.PhoenixAdapter

config :billing_web,
  endpoint: BillingWeb.Endpoint

config :billing_web, BillingWeb.Endpoint,
  url: [host: "billing.local", port: 4002],
  adapter: Bandit.PhoenixAdapter

import_config "#{config_env()}.exs"
