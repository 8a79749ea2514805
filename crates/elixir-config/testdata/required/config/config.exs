# A file that is required may set whatever it likes: all before is unknown, and what is merged with it.
import Config

config :acme, before: 1
config :acme, Acme.Repo, pool: 1

Code.require_file("helper.exs", __DIR__)

config :acme, after: 2
