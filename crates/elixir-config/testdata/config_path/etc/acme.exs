# What `config_path: "etc/acme.exs"` in mix.exs names; a child has a file of its own.
import Config

config :acme, region: :eu

for config <- Path.wildcard(Path.expand("../apps/*/config/config.exs", __DIR__)) do
  import_config config
end

import_config "#{config_env()}.exs"
