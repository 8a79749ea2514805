import Config

# url: links in mails and redirects lead through the gateway, whose port is 4000.
# check_origin: LiveView and channels accept pages of auth.localhost and of every tenant.
config :auth_web, AuthWeb.Endpoint,
  url: [port: 4000],
  http: [ip: {127, 0, 0, 1}, port: String.to_integer(System.get_env("AUTH_PORT") || "4001")],
  check_origin: false,
  debug_errors: true,
  secret_key_base: "only-for-development-0123456789abcdef0123456789abcdef0123456789abcdef"

config :billing_web, BillingWeb.Endpoint,
  url: [port: 4000],
  http: [ip: {127, 0, 0, 1}, port: String.to_integer(System.get_env("BILLING_PORT") || "4002")],
  check_origin: false,
  debug_errors: true,
  secret_key_base: "only-for-development-0123456789abcdef0123456789abcdef0123456789abcdef"
