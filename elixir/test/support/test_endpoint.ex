defmodule ExServiceMeshRouter.TestEndpoint do
  # What is asked of a Phoenix endpoint, where there is no Phoenix: its configuration, each test's own.

  def put(config), do: Process.put(__MODULE__, config)

  def config(:otp_app), do: :test_web
  def config(key), do: Process.get(__MODULE__, [])[key]
end
