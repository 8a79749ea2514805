defmodule ExServiceMeshRouter.Private.InProgress do
  @moduledoc false
  # The requests in progress at a private socket: a plug that notes them, and who waits for them.
  #
  # A listener of Phoenix's own waits for its requests before the endpoint's configuration goes. A
  # private one outlives the endpoint, and what is in progress then would find it half gone.

  @between_looks_ms 10

  @type t :: :ets.tid()

  @spec new() :: t()
  def new, do: :ets.new(__MODULE__, [:public, write_concurrency: true])

  @doc """
  Waits until no request is in progress, at most so long. WebSockets are none once they are open, and
  long-polls are left out: like WebSockets they end when the endpoint drains its sockets.
  """
  @spec wait(t(), timeout_ms :: non_neg_integer()) :: :ok
  def wait(requests, timeout_ms) do
    wait_until(requests, System.monotonic_time(:millisecond) + timeout_ms)
  end

  defp wait_until(requests, deadline) do
    forget_killed(requests)

    if :ets.info(requests, :size) in [0, :undefined] or
         System.monotonic_time(:millisecond) >= deadline do
      :ok
    else
      receive do
      after
        @between_looks_ms -> wait_until(requests, deadline)
      end
    end
  end

  @doc """
  Forgets the requests of processes that were killed: Cowboy does so when a client goes away.
  """
  @spec forget_killed(t()) :: :ok
  def forget_killed(requests) do
    for {pid} <- :ets.tab2list(requests), not Process.alive?(pid), do: :ets.delete(requests, pid)
    :ok
  end

  def init({requests, plug, options}), do: {requests, plug, plug.init(options)}

  def call(conn, {requests, plug, options}) do
    if long_poll?(conn) do
      plug.call(conn, options)
    else
      # A process has one request at a time: the gateway speaks HTTP/1.1.
      :ets.insert(requests, {self()})

      try do
        plug.call(conn, options)
      after
        :ets.delete(requests, self())
      end
    end
  end

  # As Phoenix mounts it below every `socket`.
  defp long_poll?(conn), do: String.ends_with?(conn.request_path, "/longpoll")
end
