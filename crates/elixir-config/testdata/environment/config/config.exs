# What scripts ask of their environment.
import Config

config :e,
  set: System.get_env("SET"),
  unset: System.get_env("UNSET"),
  default: System.get_env("UNSET", "default"),
  default_unused: System.get_env("SET", "default"),
  fetched: System.fetch_env!("SET"),
  fetch: [System.fetch_env("SET"), System.fetch_env("UNSET")],
  through_map: [System.get_env()["SET"], System.get_env()["UNSET"]],
  piped: "SET" |> System.get_env() |> String.upcase(),
  piped_map: System.get_env() |> Map.get("UNSET", "fallback"),
  or: System.get_env("UNSET") || "or",
  or_chain: System.get_env("UNSET") || System.get_env("ALSO_UNSET") || System.get_env("SET"),
  and: System.get_env("SET") && "and",
  and_unset: System.get_env("UNSET") && raise("never"),
  integer: String.to_integer(System.get_env("NUMBER") || "0"),
  atom: String.to_atom(System.get_env("SET")),
  equal: System.get_env("SET") == "value",
  in: System.get_env("SET") in ["value", "other"],
  not_in: System.get_env("SET") not in ~w(a b),
  empty: System.get_env("EMPTY"),
  empty_is_true: if(System.get_env("EMPTY"), do: :yes, else: :no),
  env: config_env(),
  target: config_target(),
  mix: Mix.env(),
  split: String.split(System.get_env("HOSTS", ""), ",") |> hd(),
  hosts: System.get_env("HOSTS") |> String.split(",") |> Enum.map(&String.trim/1)

System.put_env("PUT", "by config")
config :e, put: System.get_env("PUT")
System.delete_env("SET")
config :e, deleted: System.get_env("SET")

port = String.to_integer(System.get_env("NUMBER", "1"))
config :e, E.Endpoint, http: [port: port], url: [port: port + 1]
