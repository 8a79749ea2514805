defmodule BillingWeb.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _args) do
    children = [BillingWeb.Endpoint]
    Supervisor.start_link(children, strategy: :one_for_one, name: BillingWeb.Supervisor)
  end
end
