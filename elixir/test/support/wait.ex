defmodule ExServiceMeshRouter.Wait do
  @moduledoc false

  @patience_ms 20_000
  @between_looks_ms 5

  @doc """
  Waits until `look` returns something, and returns it.
  """
  def eventually(what, look) do
    eventually(what, look, System.monotonic_time(:millisecond) + @patience_ms)
  end

  defp eventually(what, look, deadline) do
    cond do
      fact = look.() ->
        fact

      System.monotonic_time(:millisecond) > deadline ->
        raise ExUnit.AssertionError, message: "waited #{@patience_ms} ms for #{what}"

      true ->
        receive do
        after
          @between_looks_ms -> eventually(what, look, deadline)
        end
    end
  end
end
