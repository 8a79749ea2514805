defmodule ExServiceMeshRouter.Binary do
  @moduledoc false
  # Finds the gateway's binary.

  @doc """
  Returns the path of the binary, or why there is none.
  """
  @spec find() :: {:ok, Path.t()} | {:error, String.t()}
  def find do
    named =
      Application.get_env(:ex_service_mesh_router, :path) || System.get_env("MESH_ROUTER_PATH")

    case named || System.find_executable("mesh-router") do
      nil -> {:error, "mesh-router is not found: set MESH_ROUTER_PATH or put it on PATH"}
      path -> if File.regular?(path), do: {:ok, path}, else: {:error, "#{path} is no file"}
    end
  end
end
