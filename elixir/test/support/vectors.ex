defmodule ExServiceMeshRouter.Vectors do
  # Reads the cases that the Rust crate `tenant-resolver` is held to as well.

  @file_of_cases Path.expand("../../../crates/tenant-resolver/testdata/vectors.txt", __DIR__)

  # `{line, host, base, tenant}` of each; the README beside the file says how they are written.
  def read do
    for line <- File.stream!(@file_of_cases),
        line = String.trim_trailing(line, "\n"),
        line != "" and not String.starts_with?(line, "#") do
      [host, base, tenant] = line |> String.split("|") |> Enum.map(&column(String.trim(&1, " ")))
      {line, host, base, tenant}
    end
  end

  defp column("-"), do: nil
  defp column("\"\""), do: ""
  defp column(written), do: written |> characters([]) |> IO.iodata_to_binary()

  @escapes %{
    ?s => " ",
    ?t => "\t",
    ?n => "\n",
    ?r => "\r",
    ?0 => "\0",
    ?p => "|",
    ?\\ => "\\",
    ?{ => "{"
  }

  defp characters("", read), do: Enum.reverse(read)

  defp characters("\\x" <> <<hex::binary-size(2), rest::binary>>, read) do
    characters(rest, [Base.decode16!(hex, case: :lower) | read])
  end

  defp characters(<<?\\, escape, rest::binary>>, read) do
    characters(rest, [Map.fetch!(@escapes, escape) | read])
  end

  defp characters("{" <> rest, [last | read]) do
    [times, rest] = String.split(rest, "}", parts: 2)
    characters(rest, [String.duplicate(last, String.to_integer(times)) | read])
  end

  defp characters(<<character::utf8, rest::binary>>, read) do
    characters(rest, [<<character::utf8>> | read])
  end
end
