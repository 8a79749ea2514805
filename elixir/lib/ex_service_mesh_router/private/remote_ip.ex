defmodule ExServiceMeshRouter.Private.RemoteIp do
  @moduledoc false
  # The plug before an endpoint at its private socket. A Unix socket's peer has no address, and code
  # that expects one in `conn.remote_ip` would fail: the gateway says who the client is, and nobody
  # but the gateway can be at the other end.

  @unknown {127, 0, 0, 1}

  def init({plug, options}), do: {plug, plug.init(options)}

  def call(conn, {plug, options}), do: plug.call(%{conn | remote_ip: client(conn)}, options)

  # The gateway sends one line, and the leftmost address is the client's.
  defp client(conn) do
    with {_name, addresses} <- List.keyfind(conn.req_headers, "x-forwarded-for", 0),
         [first | _proxies] = String.split(addresses, ","),
         {:ok, address} <- first |> String.trim() |> to_charlist() |> :inet.parse_address() do
      address
    else
      _none -> @unknown
    end
  end
end
