defmodule ExServiceMeshRouter.Optional do
  @moduledoc false
  # Calls to what an application may have or not: Phoenix's web servers, telemetry, Mix. Nothing of
  # them is needed to compile this package, and the compiler is not to warn of it.

  @spec call(module(), atom(), [term()]) :: term()
  def call(module, function, arguments), do: apply(module, function, arguments)
end
