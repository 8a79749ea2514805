defmodule ExServiceMeshRouter.WebServer do
  # Answers each path with the bytes that a test gives, and then closes: 404 for any other.

  def start(answers, options \\ []) do
    listen = [:binary, active: false, ip: {127, 0, 0, 1}, reuseaddr: true]

    {transport, listener} =
      case options[:tls] do
        nil ->
          {:ok, listener} = :gen_tcp.listen(0, listen)
          {:gen_tcp, listener}

        tls ->
          {:ok, listener} = :ssl.listen(0, listen ++ tls)
          {:ssl, listener}
      end

    test = self()
    task = {Task, fn -> accept(transport, listener, answers, test) end}
    # A test may have several.
    ExUnit.Callbacks.start_supervised!(Supervisor.child_spec(task, id: make_ref()))
    scheme = if transport == :ssl, do: "https", else: "http"
    "#{scheme}://127.0.0.1:#{port(transport, listener)}"
  end

  def ok(body), do: "HTTP/1.1 200 OK\r\ncontent-length: #{byte_size(body)}\r\n\r\n" <> body

  defp accept(transport, listener, answers, test) do
    with {:ok, socket} <- connect(transport, listener) do
      {:ok, request} = head(transport, socket, "")
      [_method, path, _version] = request |> String.split("\r\n") |> hd() |> String.split(" ")
      send(test, {:requested, path})
      missing = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
      transport.send(socket, Map.get(answers, path, missing))
      transport.close(socket)
    end

    accept(transport, listener, answers, test)
  end

  defp connect(:gen_tcp, listener), do: :gen_tcp.accept(listener)

  defp connect(:ssl, listener) do
    {:ok, socket} = :ssl.transport_accept(listener)
    :ssl.handshake(socket)
  end

  defp head(transport, socket, read) do
    if String.ends_with?(read, "\r\n\r\n") do
      {:ok, read}
    else
      with {:ok, more} <- transport.recv(socket, 0), do: head(transport, socket, read <> more)
    end
  end

  defp port(:gen_tcp, listener) do
    {:ok, port} = :inet.port(listener)
    port
  end

  defp port(:ssl, listener) do
    {:ok, {_address, port}} = :ssl.sockname(listener)
    port
  end
end
