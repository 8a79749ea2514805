# Files of Erlang terms, written and judged by Erlang itself.
#
# `elixir terms.exs write FOLDER COUNT SEED` writes COUNT random terms, as `~tp` writes them to
# printed.term and as `~tw` does to written.term, and COUNT small ones with one character changed, each
# in a file of its own: 1.changed, 2.changed, ….
#
# `elixir terms.exs compare FOLDER` prints, for each pair of files NAME and NAME.ours in FOLDER:
# `same NAME` if `:file.consult/1` reads equal terms from both, else `other NAME`, or `refused NAME`
# where it doesn't read NAME.

defmodule Terms do
  def random(0), do: leaf(:rand.uniform(9))

  def random(depth) do
    case :rand.uniform(8) do
      1 -> many(depth)
      2 -> List.to_tuple(many(depth))
      3 -> Map.new(many(depth), &{&1, random(depth - 1)})
      4 -> for term <- many(depth), do: {:"key #{:rand.uniform(9)}", term}
      5 -> many(depth) ++ random(0)
      _ -> leaf(:rand.uniform(9))
    end
  end

  defp many(depth), do: for(_ <- 1..:rand.uniform(4)//1, do: random(depth - 1))

  defp leaf(1), do: Enum.random([:a, nil, true, :"Elixir.AuthWeb.Endpoint", :"it's", :"", :and, :aß@_1, :Ñ, :"\n"])
  defp leaf(2), do: :rand.uniform(1_000_000) - 500_000
  defp leaf(3), do: Enum.random([-1, 1]) * Integer.pow(:rand.uniform(99), :rand.uniform(30))
  defp leaf(4), do: (:rand.uniform() - 0.5) * :math.pow(10, :rand.uniform(40) - 20)
  defp leaf(5), do: :rand.bytes(:rand.uniform(6) - 1)
  defp leaf(6), do: text()
  defp leaf(7), do: String.to_charlist(text())
  defp leaf(8), do: Enum.random([&:erlang.max/2, &Enum.map/2, [], {}, %{}, ""])
  defp leaf(9), do: <<5::3>>

  defp text, do: for(_ <- 1..:rand.uniform(5)//1, into: "", do: Enum.random(["a", "\"", "\\", "\n", "é", "ł", "%", "'", "\e", "\x7f", "#", "."]))

  def changed(text) do
    {front, back} = String.split_at(text, :rand.uniform(String.length(text)) - 1)
    with_one = Enum.random(["", "", ",", "]", "}", "\"", "'", "|", "a", "0", "\\", "#", "$", "-", " ", ".", "\n"])
    changed = front <> with_one <> String.slice(back, Enum.random([0, 1])..-1)
    # Three quotes are read otherwise since OTP 27.
    if changed =~ ~s("""), do: text, else: changed
  end
end

case System.argv() do
  ["write", folder, count, seed] ->
    :rand.seed(:exsss, String.to_integer(seed))
    terms = for _ <- 1..String.to_integer(count), do: Terms.random(4)
    text = fn format, term -> List.to_string(:io_lib.format(format, [term])) end
    write = fn name, text -> File.write!(Path.join(folder, name), text) end
    write.("printed.term", Enum.map_join(terms, &text.("~tp.~n", &1)))
    write.("written.term", Enum.map_join(terms, &text.("~tw.~n", &1)))

    for index <- 1..String.to_integer(count) do
      write.("#{index}.changed", Terms.changed(text.("~tp.~n", Terms.random(1))))
    end

  ["compare", folder] ->
    for ours <- Path.wildcard(Path.join(folder, "*.ours")) do
      name = Path.basename(ours, ".ours")

      case {:file.consult(Path.join(folder, name)), :file.consult(ours)} do
        {{:ok, terms}, {:ok, terms}} -> IO.puts("same #{name}")
        {{:ok, _}, _} -> IO.puts("other #{name}")
        {{:error, _}, _} -> IO.puts("refused #{name}")
      end
    end
end
