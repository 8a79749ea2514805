import Config

if System.get_env("PHX_SERVER"), do: config(:board, BoardWeb.Endpoint, server: true)

config :board, BoardWeb.Endpoint, http: [port: String.to_integer(System.get_env("PORT", "4000"))]

if config_env() == :prod do
  host = System.fetch_env!("PHX_HOST")
  config :board, BoardWeb.Endpoint, url: [host: host, port: 443, scheme: "https"]
end
