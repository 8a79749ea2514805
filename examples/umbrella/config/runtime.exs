import Config

if System.get_env("PHX_SERVER") do
  config :auth_web, AuthWeb.Endpoint, server: true
  config :billing_web, BillingWeb.Endpoint, server: true
end

if config_env() == :prod do
  secret_key_base =
    System.get_env("SECRET_KEY_BASE") ||
      raise """
      environment variable SECRET_KEY_BASE is missing.
      You can generate one by calling: mix phx.gen.secret
      """

  auth_host = System.get_env("AUTH_HOST") || "auth.example.com"
  billing_host = System.get_env("BILLING_HOST") || "billing.example.com"

  config :auth_web, AuthWeb.Endpoint,
    url: [host: auth_host, port: 443, scheme: "https"],
    http: [
      ip: {0, 0, 0, 0, 0, 0, 0, 0},
      port: String.to_integer(System.get_env("AUTH_PORT") || "4001")
    ],
    check_origin: ["//#{auth_host}", "//*.#{auth_host}"],
    secret_key_base: secret_key_base

  config :billing_web, BillingWeb.Endpoint,
    url: [host: billing_host, port: 443, scheme: "https"],
    http: [
      ip: {0, 0, 0, 0, 0, 0, 0, 0},
      port: String.to_integer(System.get_env("BILLING_PORT") || "4002")
    ],
    check_origin: ["//#{billing_host}", "//*.#{billing_host}"],
    secret_key_base: secret_key_base
end
