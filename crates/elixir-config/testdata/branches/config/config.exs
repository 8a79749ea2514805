# Every way to branch.
import Config

config :b, base: true, changed: :before

if config_env() == :dev do
  config :b, only: :dev
else
  config :b, only: :other
end

unless config_env() == :prod do
  config :b, debug: true
else
  config :b, debug: false
end

if config_env() in [:dev, :test], do: config(:b, local: true)
if config_env() != :test && not is_nil(System.get_env("YES")), do: config(:b, yes: 1), else: config(:b, yes: 0)

level =
  case config_env() do
    :prod -> :info
    env when env in [:test] -> :warning
    _ -> :debug
  end

config :b, level: level

answer =
  cond do
    System.get_env("NO") -> :no
    System.get_env("YES") == "yes" -> :yes
    true -> :neither
  end

config :b, cond: answer

x = 1

if true do
  x = 2
  config :b, inside: x
end

config :b, outside: x

y = if x == 1, do: "one"
z = if x == 2, do: "two"
config :b, y: y, z: z

{a, [b | rest]} = {1, [2, 3, 4]}
"prefix-" <> suffix = "prefix-suffix"
config :b, matched: [a, b, rest, suffix]

number =
  case Integer.parse(System.get_env("NUMBER") || "") do
    {number, ""} when number > 10 -> number
    {_, _} -> :small
    :error -> nil
  end

config :b, number: number

with {:ok, yes} <- System.fetch_env("YES"),
     number = String.to_atom(yes) do
  config :b, with: number
end

config :b,
  with_else:
    (with {:ok, no} <- System.fetch_env("NO") do
       no
     else
       :error -> "else"
     end)

config :b, negated: !System.get_env("NO"), both: true and false, either: nil || false || :last
if nil, do: config(:b, changed: :after)
if config_env() == :stage, do: raise("no stage"), else: config(:b, changed: :not_stage)
