
# We don't run a server during test. If one is required,
# you can enable the server option below.
config :part_NNN_web, PartNNNWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: PORT],
  secret_key_base: "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN",
  server: false
