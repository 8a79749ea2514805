defmodule AuthWeb.Endpoint do
  use Phoenix.Endpoint, otp_app: :auth_web

  plug Plug.RequestId
  plug :hello

  defp hello(conn, _options) do
    Plug.Conn.send_resp(conn, 200, "Auth at #{conn.host}\n")
  end
end
