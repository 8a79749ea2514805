# Hosts from one domain, ports from one number, endpoints with pipes and captures.
import Config

domain = System.get_env("DOMAIN") || "acme.localhost"
first_port = 4100

[auth: Auth, billing: Billing, help_desk: HelpDesk]
|> Enum.with_index()
|> Enum.each(fn {{name, module}, index} ->
  config :"#{name}_web", Module.concat([:"#{module}Web", Endpoint]),
    url: [host: "#{name}.#{domain}"],
    http: [ip: {127, 0, 0, 1}, port: first_port + index]
end)

shared = [pubsub_server: Acme.PubSub, check_origin: ["//*.#{domain}"]]
config :auth_web, AuthWeb.Endpoint, shared
config :billing_web, BillingWeb.Endpoint, shared ++ [server: config_env() != :test]

if config_env() == :test do
  config :auth_web, AuthWeb.Endpoint, http: [port: 0], server: false
end

if File.exists?("#{__DIR__}/#{config_env()}.exs"), do: import_config("#{config_env()}.exs")
