# As `mix new` and `mix release` of Elixir 1.9 and 1.10 had it: no runtime.exs yet.
import Config

config :shop_web, ShopWeb.Endpoint,
  url: [host: "localhost"],
  http: [port: 4000]

import_config "#{Mix.env()}.exs"
