# What TenantPlug uses of LiveView, which this package is compiled without.

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
