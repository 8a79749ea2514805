# Loops, functions and paths, as larger umbrellas use them.
import Config

apps = [:alpha, :beta, :gamma]

Enum.each(apps, fn app ->
  config app, :seen, true
end)

for {app, index} <- [alpha: 1, beta: 2, gamma: 3], app != :beta do
  config app, index: index, port: 4000 + index
end

endpoints = [{:alpha_web, AlphaWeb}, {:beta_web, BetaWeb}]

Enum.map(endpoints, fn {app, base} ->
  config app, Module.concat(base, Endpoint),
    url: [host: "#{app |> Atom.to_string() |> String.replace("_web", "")}.test"],
    http: [port: 4000 + length([1, 2, 3])]
end)

hosts = for app <- apps, do: "#{app}.example.test"
config :loops, hosts: hosts, joined: Enum.join(hosts, ",")
config :loops, captured: Enum.map([1, 2, 3], &(&1 * 2)), named: Enum.map(~w(A B), &String.downcase/1)
config :loops, filtered: Enum.filter([1, 2, 3, 4], fn n -> rem(n, 2) == 0 end)
config :loops, rejected: [nil, "a", nil] |> Enum.reject(&is_nil/1)
config :loops, reduced: Enum.reduce([1, 2, 3], 0, fn n, sum -> n + sum end)
config :loops, into: Map.new(), for_into: for(n <- [1, 2], into: %{}, do: {n, n * n})
config :loops, appended: [1] ++ [2, 3] ++ [], concat: "a" <> "b" <> "c"
config :loops, flat: Enum.flat_map([1, 2], fn n -> [n, n] end)

settings = [pool: 5, ssl: true]
config :loops, Keyword.merge(settings, pool: 10)
config :loops, kept: Keyword.get(settings, :pool), missing: Keyword.get(settings, :none, :default)
config :loops, access: settings[:ssl]

config :loops,
  path: Path.join([__DIR__, "..", "apps"]) |> Path.expand() |> Path.basename(),
  exists: File.exists?(Path.expand("config.exs", __DIR__)),
  missing_file: File.exists?("no/such/file")

for file <- Path.wildcard(Path.expand("extra/*.exs", __DIR__)) do
  import_config file
end

double = fn x -> x * 2 end
config :loops, applied: double.(21), then: 3 |> then(fn x -> x + 1 end)
