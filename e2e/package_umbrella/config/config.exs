import Config

# As `mix phx.server` sets it before it starts the applications.
config :phoenix, serve_endpoints: true

# A host of its own and no listener: Phoenix opens none for `url:` alone.
config :auth_web, AuthWeb.Endpoint, url: [host: "auth.local", port: 4001]

# A listener of its own and no host.
config :billing_web, BillingWeb.Endpoint, http: [ip: {127, 0, 0, 1}, port: 0]
config :billing_web, BillingWeb.AdminEndpoint, server: false

config :ex_service_mesh_router,
  port: String.to_integer(System.get_env("GATEWAY_PORT") || "0"),
  cluster: System.get_env("CLUSTER") == "true",
  admin: [listen: false],
  log: [access: false]

if socket = System.get_env("GATEWAY_SOCKET") do
  config :ex_service_mesh_router, gateway: "unix:" <> socket
end

config :logger, :console, format: "$level $message\n", colors: [enabled: false]
