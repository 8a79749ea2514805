# What merges with what: keyword lists do, everything else replaces.
import Config

config :m, :keywords, a: 1, b: [c: 2, d: [e: 3]]
config :m, :keywords, b: [d: [f: 4], c: 5], g: 6

config :m, :not_keywords, http: [:inet6, port: 1]
config :m, :not_keywords, http: [port: 2]
config :m, :back, http: [port: 1, ip: {1, 2, 3, 4}]
config :m, :back, http: [:inet6, port: 2]

config :m, :empty, [a: 1, b: 2]
config :m, :empty, []
config :m, :empty_first, []
config :m, :empty_first, a: 1
config :m, :empty_inside, a: [b: 1]
config :m, :empty_inside, a: []

config :m, :nil_replaces, a: [b: 1]
config :m, :nil_replaces, a: nil
config :m, :nil_replaced, a: nil
config :m, :nil_replaced, a: [b: 1]

config :m, :maps, %{a: 1, b: %{c: 2}}
config :m, :maps, %{a: 3}
config :m, :map_over_list, a: [b: 1]
config :m, :map_over_list, a: %{b: 2}

config :m, :duplicates, [a: 1, b: 2, a: 3]
config :m, :duplicates, a: 4
config :m, :new_duplicates, a: [x: 1], b: 2
config :m, :new_duplicates, a: [y: 2], a: [z: 3]
config :m, :both_duplicates, [a: [p: 1], a: [q: 2], c: 0]
config :m, :both_duplicates, [a: [r: 3], c: 1, a: [s: 4]]

config :m, :order, a: 1, b: 2, c: 3
config :m, :order, d: 4, b: 5, a: 6

config :m, :lists, [1, 2, 3]
config :m, :lists, [4]
config :m, :charlists, 'abc'
config :m, :charlists, 'd'
config :m, :string_keys, [{"a", 1}, {"b", 2}]
config :m, :string_keys, [{"a", 3}]
config :m, :tuples, {:a, [b: 1]}
config :m, :tuples, {:a, [c: 2]}
config :m, :three, [{:a, 1, 2}]
config :m, :three, [a: 1]

config :m, flat: [a: 1], other: 2
config :m, flat: [b: 2]
config :m, []
config :m, Deep.Module, [{Inner.Module, [x: 1]}, {:y, 2}]
config :m, Deep.Module, [{Inner.Module, [z: 3]}]
config :only_empty, []
