# Wildcards in imports, which `use Mix.Config` alone allows.
use Mix.Config

config :w, order: [config: 0]
import_config "parts/*.exs"
import_config "nothing/*.exs"
import_config "{left,right}.exs"
import_config "./../config/./last.exs"
config :w, last: :config
