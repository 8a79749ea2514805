import Config

case System.get_env("FLY_APP_NAME") do
  nil ->
    :ok

  name ->
    config :auth_web, AuthWeb.Endpoint, url: [host: "#{name}.fly.test", scheme: "https"]
end
