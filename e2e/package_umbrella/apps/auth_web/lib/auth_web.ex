defmodule AuthWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :auth_web
end

defmodule AuthWeb.Application do
  use Application

  @impl true
  def start(_type, _arguments) do
    Supervisor.start_link([AuthWeb.Endpoint], strategy: :one_for_one, name: AuthWeb.Supervisor)
  end
end
