defmodule BillingWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :billing_web

  plug Plug.RequestId
  plug :hello

  defp hello(conn, _options) do
    Plug.Conn.send_resp(conn, 200, "Billing at #{conn.host}\n")
  end
end
