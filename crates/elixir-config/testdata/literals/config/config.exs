# Every way to write a value.
import Config

alias Some.Long.{Name, Other.Deep}
alias Some.Thing
alias Another.Thing, as: Renamed
alias :crypto, as: Crypto
require Logger

config :l,
  integers: [0, 1_000_000, 0xFF, 0o17, 0b1010, -5, ?a, ?\n, ?\s],
  floats: [1.0, -2.5, 1.0e3, 1.5e-3],
  atoms: [:a, :"with space", :a@b, :ok?, nil, true, false, :"Elixir.Foo", :+],
  modules: [Name, Deep, Deep.More, Thing, Renamed.Sub, Crypto, Elixir.Full.Name, Plain],
  strings: ["", "plain", "tab\there", "quote\"", "\x41\u0042\u{43}", "\e[0m", "a\
b", "ünïcode", "hash \#{no}", "\#"],
  interpolated: ["#{1}#{:a}#{"b"}#{'c'}#{nil}", :"atom_#{1 + 1}", 'list_#{:x}'],
  charlists: ['abc', '', 'a#{"b"}', ~c"sigil"],
  words: [~w(a b c), ~w[a b]a, ~w(a b)c, ~w(a#{1} b)s, ~W(a#{1} b), ~w()],
  sigils: [~s(a "quoted" #{1}), ~S(raw #{1} \n), ~s|x|, ~C'raw'],
  tuples: [{}, {1}, {1, 2, [a: {3}]}],
  maps: [%{}, %{a: 1}, %{"a" => 1, :b => [c: 2], 3 => %{}}],
  lists: [[], [1 | [2, 3]], [1, 2 | []], [:a, b: 1], [{:c, 2}, d: 3]],
  quoted_keys: ["quoted key": 1, "Elixir.Mod": 2, key?: 3, key!: 4],
  parens: ((1)),
  heredocs: [
    """
    first
      second #{:third}
    fourth\tfifth \
    joined
    """,
    '''
    charlist
    ''',
    ~s"""
      indented
    """,
    """
    no newline\
    """
  ]

config(:l, :with_parens, [1, 2])
config(:l, [with_parens_too: true])
config :l, nested: [a: [b: [c: [d: [e: %{f: {:g, ["h"]}}]]]]]

config :l, :"odd key", 1; config :l, :semicolon, 2

config :l,
  # a comment
  trailing: 1, # another

  blank_line: 2
