defmodule PhoenixStandIn do
  use Application

  @impl true
  def start(_type, _arguments) do
    Plug.Cowboy.start!()
    Supervisor.start_link([], strategy: :one_for_one)
  end
end
