# What TenantPlug uses of Plug, which this package is compiled without.

defmodule Plug.Conn do
  defstruct host: "www.example.com",
            assigns: %{},
            private: %{},
            halted: false,
            status: nil,
            resp_body: nil,
            resp_headers: []

  def send_resp(conn, status, body), do: %{conn | status: status, resp_body: body}
  def halt(conn), do: %{conn | halted: true}

  def put_resp_header(conn, key, value) do
    %{conn | resp_headers: [{key, value} | conn.resp_headers]}
  end
end
