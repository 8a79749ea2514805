defmodule ExServiceMeshRouter.Link do
  @moduledoc false
  # The way to a gateway: the port of a child, or a socket of one that runs by itself. Both carry
  # frames of the same protocol, and both belong to the process that opened them.

  @frame_bytes_max 8 * 1024 * 1024
  @connect_ms 1_000

  # What a gateway at a socket may take until it reads on.
  @send_ms 1_000

  @type t :: {:port, port()} | {:socket, :gen_tcp.socket()}

  @doc """
  Starts a gateway of this binary, or connects to the one at a socket.
  """
  @spec open({:child | :unix, Path.t()}) :: {:ok, t()} | {:error, String.t()}
  def open({:child, binary}), do: spawn_child(binary)

  def open({:unix, path}) do
    options = [
      :binary,
      packet: 4,
      packet_size: @frame_bytes_max,
      active: :once,
      send_timeout: @send_ms,
      send_timeout_close: true
    ]

    case :gen_tcp.connect({:local, path}, 0, options, @connect_ms) do
      {:ok, socket} ->
        {:ok, {:socket, socket}}

      {:error, why} ->
        {:error, "connecting to the gateway at #{path}: #{:inet.format_error(why)}"}
    end
  end

  defp spawn_child(path) do
    # Its standard input ends with this VM however that ends, and the gateway ends by it. What it
    # writes to standard error goes where this VM's does.
    # The variable that may have named it would be a setting that it doesn't know.
    env = [{to_charlist("MESH_ROUTER_PATH"), false}]
    options = [:binary, :exit_status, :hide, packet: 4, args: ["run", "--package"], env: env]
    {:ok, {:port, Port.open({:spawn_executable, path}, options)}}
  rescue
    error in ErlangError ->
      {:error, "starting #{path}: #{:file.format_error(error.original)}"}
  end

  @doc """
  Sends a frame. A child that doesn't read is never waited for, a gateway at a socket for a second:
  then the connection is closed.
  """
  @spec send_frame(t(), binary()) :: :ok | :busy | :closed
  def send_frame({:port, port}, frame) do
    if :erlang.port_command(port, frame, [:nosuspend]), do: :ok, else: :busy
  rescue
    ArgumentError -> :closed
  end

  def send_frame({:socket, socket}, frame) do
    case :gen_tcp.send(socket, frame) do
      :ok -> :ok
      {:error, _why} -> :closed
    end
  end

  @doc """
  Takes a message of this link's apart.
  """
  @spec receive(t(), term()) :: {:frame, binary()} | {:closed, String.t()} | :other
  def receive({:port, port}, {port, {:data, frame}}), do: {:frame, frame}

  def receive({:port, port}, {port, {:exit_status, status}}),
    do: {:closed, "ended with #{status(status)}"}

  def receive({:port, port}, {:EXIT, port, why}), do: {:closed, "ended: #{inspect(why)}"}

  def receive({:socket, socket}, {:tcp, socket, frame}) do
    _ = :inet.setopts(socket, active: :once)
    {:frame, frame}
  end

  def receive({:socket, socket}, {:tcp_closed, socket}), do: {:closed, "closed the connection"}

  def receive({:socket, socket}, {:tcp_error, socket, why}),
    do: {:closed, "closed the connection: #{:inet.format_error(why)}"}

  def receive(_link, _message), do: :other

  # A child that a signal ended has 128 and the signal's number.
  defp status(status) when status > 128, do: "signal #{status - 128}"
  defp status(status), do: "status #{status}"

  @spec close(t()) :: :ok
  def close({:port, port}) do
    Port.close(port)
    :ok
  rescue
    # It has ended.
    ArgumentError -> :ok
  end

  def close({:socket, socket}), do: :gen_tcp.close(socket)

  @doc """
  Closes the link to a gateway that doesn't answer. A child that doesn't hear either that its input has
  ended is killed.
  """
  @spec kill(t()) :: :ok
  def kill({:port, port} = link) do
    with {:os_pid, pid} <- Port.info(port, :os_pid),
         do: System.cmd("kill", ["-KILL", "#{pid}"], stderr_to_stdout: true)

    close(link)
  end

  def kill(link), do: close(link)
end
