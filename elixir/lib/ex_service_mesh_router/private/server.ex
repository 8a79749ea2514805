defmodule ExServiceMeshRouter.Private.Server do
  @moduledoc false
  # The web server behind a private socket: that of the endpoint's adapter, as the adapter starts it.

  import ExServiceMeshRouter.Optional

  alias ExServiceMeshRouter.Private.{InProgress, RemoteIp}

  @type t :: {:bandit, pid()} | {:cowboy, pid(), ref :: term()}

  @spec start_link(ExServiceMeshRouter.Private.facts(), Path.t(), InProgress.t()) ::
          {:ok, t()} | {:error, String.t()}
  def start_link(facts, path, requests) do
    %{module: module, http: http} = facts
    # Addresses and ports are the private socket's, and so is the family: `[:inet6, port: 4000]`.
    http = for {key, _value} = option <- http, key not in [:ip, :port, :net, :ref], do: option
    plug = plug(module, requests)
    start(module.config(:adapter), Map.put(facts, :plug, plug), http, path)
  end

  defp start(Bandit.PhoenixAdapter, facts, http, path) do
    own = [
      plug: facts.plug,
      display_plug: facts.module,
      scheme: :http,
      otp_app: facts.app,
      ip: {:local, path},
      port: 0,
      startup_log: false
    ]

    case call(Bandit, :start_link, [own ++ Keyword.delete(http, :startup_log)]) do
      {:ok, pid} -> {:ok, {:bandit, pid}}
      {:error, why} -> {:error, "#{path}: #{inspect(why)}"}
    end
  end

  defp start(Phoenix.Endpoint.Cowboy2Adapter, facts, http, path) do
    # Any term will do, and no listener shares it.
    ref = {__MODULE__, facts.module, path}
    options = http ++ [ref: ref, ip: {:local, path}, port: 0, otp_app: facts.app]

    %{start: {module, function, arguments}} =
      call(Plug.Cowboy, :child_spec, [[scheme: :http, plug: facts.plug, options: options]])

    case apply(module, function, arguments) do
      {:ok, pid} -> {:ok, {:cowboy, pid, ref}}
      {:error, why} -> {:error, "#{path}: #{inspect(why)}"}
    end
  end

  defp start(adapter, facts, _http, _path) do
    {:error,
     "#{inspect(facts.module)} has the adapter #{inspect(adapter)}, which can't listen at a Unix " <>
       "socket: give it http: [port: …]"}
  end

  defp plug(module, requests) do
    wrapper = Phoenix.Endpoint.SyncCodeReloadPlug

    # As the adapters have it.
    {endpoint, options} =
      if module.config(:code_reloader) && Code.ensure_loaded?(wrapper),
        do: {wrapper, {module, []}},
        else: {module, []}

    {RemoteIp, {InProgress, {requests, endpoint, options}}}
  end

  @spec pid(t()) :: pid()
  def pid({:bandit, pid}), do: pid
  def pid({:cowboy, pid, _ref}), do: pid

  @doc """
  Closes the listening socket; what is connected stays so.
  """
  @spec suspend(t()) :: :ok
  def suspend({:bandit, pid}) do
    _ = call(ThousandIsland, :suspend, [pid])
    :ok
  end

  def suspend({:cowboy, _pid, ref}) do
    _ = call(:ranch, :suspend_listener, [ref])
    :ok
  end

  @doc """
  Takes the port of its own from an endpoint that has started before.
  """
  @spec close_own_port(pid(), module()) :: :ok
  def close_own_port(supervisor, module) do
    # As the adapters call their children: Bandit, Cowboy with ranch 1 and 2. What isn't there isn't
    # stopped.
    ref = Module.concat(module, HTTP)

    for id <- [{module, :http}, {:ranch_listener_sup, ref}, {:ranch_embedded_sup, ref}] do
      _ = Supervisor.terminate_child(supervisor, id)
    end

    :ok
  end
end
