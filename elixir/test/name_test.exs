defmodule ExServiceMeshRouter.NameTest do
  use ExUnit.Case, async: true

  alias ExServiceMeshRouter.Name

  # The gateway's tests read it too.
  @table Path.expand("../../crates/phoenix/testdata/labels.txt", __DIR__)

  test "labels are those that the gateway gives" do
    cases =
      for line <- @table |> File.read!() |> String.split("\n"),
          line != "",
          not String.starts_with?(line, "#") do
        for part <- String.split(line, ", ") do
          [app, module, label] = String.split(part, " ")
          {String.to_atom(app), Module.concat([module]), label}
        end
      end

    assert length(cases) > 8

    for endpoints <- cases do
      expected = Map.new(endpoints, fn {_app, module, label} -> {module, label} end)
      assert Name.labels(for {app, module, _label} <- endpoints, do: {app, module}) == expected
    end
  end
end
