defmodule BillingWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :billing_web
end

defmodule BillingWeb.AdminEndpoint do
  use Phoenix.Endpoint, otp_app: :billing_web
end

defmodule BillingWeb.Application do
  use Application

  @impl true
  def start(_type, _arguments) do
    children = [BillingWeb.Endpoint, BillingWeb.AdminEndpoint]
    Supervisor.start_link(children, strategy: :one_for_one, name: BillingWeb.Supervisor)
  end
end
