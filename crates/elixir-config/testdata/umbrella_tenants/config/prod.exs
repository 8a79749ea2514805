import Config

config :auth_web, AuthWeb.Endpoint, http: [:inet6, port: 80]
config :billing_web, BillingWeb.Endpoint, http: {:local, "/run/billing.sock"}
