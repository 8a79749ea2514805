# What the library answers at its edges, as loops over many arguments.
import Config

paths = ["", "/", "a", "a/", "/a", "/a/b", ".", "..", "a/b.exs", "a/b.exs/", ".exs", "b.tar.gz"]

for {path, n} <- Enum.with_index(paths) do
  config :paths, :"dirname_#{n}", Path.dirname(path)
  config :paths, :"basename_#{n}", Path.basename(path)
end

for {path, n} <- Enum.with_index(["a", "/a", "a/b.exs", "b.tar.gz", "a.b/c"]) do
  config :paths, :"parts_#{n}",
    base: Path.basename(path, ".exs"),
    extension: Path.extname(path),
    root: Path.rootname(path),
    joined: [Path.join(path, "x"), Path.join("x", path), Path.join([path, "y/", "z"])]
end

texts = ["", " a ", "a,b,,c", "ACME.test", "a.b-c", "grüße", "\u00A0x\u2003y", "true"]

for {text, n} <- Enum.with_index(texts) do
  config :texts, :"text_#{n}",
    split: [String.split(text), String.split(text, ","), String.split(text, ",", trim: true)],
    parts: String.split(text, [",", ".", "-"], parts: 2),
    asked: {String.contains?(text, ["x", "."]), String.starts_with?(text, ""), text =~ "a"},
    trimmed: [String.trim(text, "a"), String.trim_leading(text, " "), String.trim_trailing(text, "c")],
    replaced: String.replace(text, "a", "bb", global: false),
    size: byte_size(text)
end

urls = [
  "https://u:p@shop.test:8443/a/b?q=1#f", "http://shop.test", "shop.test", "//x.test/y",
  "localhost:4000", "HTTP://A.Test", "http://a.test:", "http://", "", "/x?y", "ws://h/p",
  "postgres://u:p@h/db", "mailto:a@b", "http://h?", "http://h#"
]

for {url, n} <- Enum.with_index(urls), do: config(:urls, :"url_#{n}", URI.parse(url))

config :modules,
  all: [
    Module.concat([:Acme, nil, "", "Elixir.X"]),
    Module.concat([".A", "B.", Elixir]),
    Module.concat(nil, "x"),
    Module.concat("Elixir.A", Elixir.B),
    Module.concat([])
  ]

names = ["", "acme_web", "_a__b/_c_1_", "ACME_WEB", "HTTPServer.SSL2Go", "a//b..C", "grüße_É", "A_b-C d"]

for {name, n} <- Enum.with_index(names) do
  config :names, :"name_#{n}", camel: Macro.camelize(name), underscored: Macro.underscore(name)
end

for app <- ["shop_web", "admin"] do
  config :names, Module.concat(Macro.camelize(app), "Endpoint"), from: Macro.underscore(Acme.HTTPServer)
end

config :lists,
  ranges: {1..3, Enum.to_list(4..1), Enum.to_list(1..10//3), 4 in 1..10//3, 2.0 in 1..3},
  counted: [Enum.count(1..9), Enum.sum([1, 2]), Enum.count(%{b: 1, a: 2}), length('abc')],
  sorted: {Enum.sort([3, 1, 2], :desc), Enum.sort(["b", "a"]), Enum.max([1, 3]), Enum.uniq([1, 1.0, 1])},
  keyword: [
    Keyword.new([{:a, 1}, {:b, 2}, {:a, 3}]),
    Keyword.take([a: 1, b: 2, a: 3], [:a]),
    Keyword.put_new([b: 2], :a, 1),
    Keyword.delete([a: 1, b: 2, a: 3], :a),
    Keyword.keys(a: 1, b: 2, a: 3)
  ],
  matched: {match?(%{a: _}, %{a: 1, b: 2}), match?([a: _], ~r/a/), match?({:ok, 1}, {:ok, 1.0})}

apply(Config, :config, [:applied, [by: :name]])
apply(&config/3, [:applied, :to, Enum.map_join([1, 2], "-", &(&1 + 1))])
