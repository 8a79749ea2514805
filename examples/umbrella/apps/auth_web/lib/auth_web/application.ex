defmodule AuthWeb.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args) do
    children = [AuthWeb.Endpoint]
    Supervisor.start_link(children, strategy: :one_for_one, name: AuthWeb.Supervisor)
  end
end
