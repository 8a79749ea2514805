# The older way: each application has its own files, and the root collects them.
use Mix.Config

config :phoenix, :json_library, Jason

import_config "../apps/*/config/config.exs"
