# What TenantPlug uses of Plug and LiveView, for this package's tests: it is compiled without them.
# Where the real ones are loaded, these stand aside.

unless Code.ensure_loaded?(Plug.Conn) do
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
end

unless Code.ensure_loaded?(Phoenix.LiveView) do
  defmodule Phoenix.LiveView.Socket do
    defstruct assigns: %{}, private: %{}, host_uri: nil, endpoint: nil, redirected: nil
  end

  defmodule Phoenix.LiveView do
    # As in LiveView: the page's conn, or what the socket was opened with.
    def get_connect_info(%{private: %{connect_info: %Plug.Conn{} = conn}}, :uri) do
      %URI{scheme: "http", host: conn.host}
    end

    def get_connect_info(%{private: %{connect_info: %{} = info}}, key), do: info[key]
  end

  defmodule Phoenix.Component do
    def assign(socket, key, value), do: %{socket | assigns: Map.put(socket.assigns, key, value)}
  end
end
