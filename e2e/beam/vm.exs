# A VM that runs what its stdin says: one expression a line, answered in one line. Ends with its stdin.
spawn(fn ->
  for line <- IO.stream(:stdio, :line) do
    {value, _} = Code.eval_string(line)
    IO.puts("= " <> inspect(value, limit: :infinity, printable_limit: :infinity))
  end

  System.halt(0)
end)
