defmodule ExServiceMeshRouter do
  @moduledoc """
  A gateway for the Phoenix endpoints of an umbrella, started with them.
  """
end
