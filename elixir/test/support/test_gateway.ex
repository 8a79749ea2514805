defmodule ExServiceMeshRouter.TestGateway do
  @moduledoc false
  # The gateway's side of the protocol at a Unix socket, played by the test.

  @accept_ms 20_000

  def listen do
    path =
      Path.join(
        System.tmp_dir!(),
        "gateway-#{System.unique_integer([:positive])}-#{System.pid()}.sock"
      )

    {:ok, listener} =
      :gen_tcp.listen(0, [:binary, packet: 4, active: false, ifaddr: {:local, path}])

    %{path: path, listener: listener, socket: nil}
  end

  def accept(gateway) do
    {:ok, socket} = :gen_tcp.accept(gateway.listener, @accept_ms)
    gateway = %{gateway | socket: socket}
    {:hello, 1, hello} = read(gateway)
    say(gateway, {:welcome, 1, %{version: "0.0.0", os_pid: 1}})
    {gateway, hello}
  end

  def read(gateway) do
    {:ok, frame} = :gen_tcp.recv(gateway.socket, 0, @accept_ms)
    :erlang.binary_to_term(frame)
  end

  @doc """
  Reads reports until one is as wanted, and applies them.
  """
  def report(gateway, wanted? \\ fn _endpoints -> true end) do
    {:report, seq, endpoints} = read(gateway)
    say(gateway, {:applied, seq, seq})
    if wanted?.(endpoints), do: endpoints, else: report(gateway, wanted?)
  end

  def say(gateway, term), do: :ok = :gen_tcp.send(gateway.socket, :erlang.term_to_binary(term))

  def hang_up(gateway) do
    :ok = :gen_tcp.close(gateway.socket)
    %{gateway | socket: nil}
  end

  def close(gateway) do
    :gen_tcp.close(gateway.listener)
    File.rm(gateway.path)
  end
end
