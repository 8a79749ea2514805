defmodule ExServiceMeshRouter.PhoenixEndpoint do
  @moduledoc false
  # What can be known of the endpoints of this VM: which modules are, whether they are to serve, and
  # what they say of themselves.

  alias ExServiceMeshRouter.Optional

  @url_keys [:scheme, :host, :port, :path]
  @http_keys [:ip, :port, :net]

  @doc """
  Returns the endpoints of all applications that are loaded, started or not, with the application
  that configures each.
  """
  @spec all() :: [{app :: atom(), module()}]
  def all do
    loaded = for {app, _description, _version} <- Application.loaded_applications(), do: app
    endpoints = for app <- loaded, module <- candidates(app), endpoint?(module), do: {app, module}
    endpoints |> Enum.uniq_by(&elem(&1, 1)) |> Enum.sort()
  end

  @doc """
  Loads the applications of the umbrella: Mix may load each just before it starts it.
  """
  @spec load_umbrella() :: :ok
  def load_umbrella do
    apps = Map.keys(Optional.call(Mix.Project, :apps_paths, []) || %{})
    Enum.each(apps, &Application.load/1)
  end

  # Every endpoint is configured under its module's name, and nearly every one is called so. The
  # configuration comes first: an endpoint may stand in another application than the one that
  # configures it.
  defp candidates(app) do
    configured = for {key, value} <- Application.get_all_env(app), is_list(value), do: key
    modules = Application.spec(app, :modules) || []
    named = Enum.filter(modules, &(&1 |> Atom.to_string() |> String.ends_with?("Endpoint")))
    Enum.uniq(Enum.filter(configured, &module?/1) ++ named)
  end

  defp module?(atom), do: match?("Elixir." <> _, Atom.to_string(atom))

  @doc """
  Returns whether a module is a Phoenix endpoint.
  """
  @spec endpoint?(module()) :: boolean()
  def endpoint?(module) do
    Code.ensure_loaded?(module) and
      Phoenix.Endpoint in List.flatten(
        Keyword.get_values(module.module_info(:attributes), :behaviour)
      )
  end

  @doc """
  Returns whether an endpoint can be served behind a private socket. Before Phoenix 1.7 its sockets
  were a part of its own listener.
  """
  @spec private?(module()) :: boolean()
  def private?(module),
    do: not (Code.ensure_loaded?(module) and function_exported?(module, :__handler__, 2))

  @doc """
  Returns whether configuration tells an endpoint to serve, as Phoenix decides it.
  """
  @spec serves?(keyword() | nil) :: boolean()
  def serves?(config) do
    Keyword.get_lazy(config || [], :server, fn ->
      Application.get_env(:phoenix, :serve_endpoints, false)
    end) == true
  end

  @doc """
  Returns all of a running endpoint's configuration, with what its `init/2` and its supervisor's
  child specification added; `nil` where it doesn't run.
  """
  @spec running_config(module()) :: keyword() | nil
  def running_config(module) do
    # Phoenix keeps it in a table of the module's name. Cached values are tuples of three.
    for {key, value} <- :ets.tab2list(module), is_atom(key), key != :__config__, do: {key, value}
  rescue
    ArgumentError -> nil
  end

  @doc """
  Returns a running endpoint's words for the gateway, see `Endpoint` in docs/package-protocol.md.
  `original` is the configuration before the package changed it, and `given` the host that it gave;
  raises if the endpoint goes away.
  """
  @spec describe(atom(), module(), keyword(), String.t() | nil) :: map()
  def describe(app, module, original, given) do
    url = module.config(:url)

    %{
      module: inspect(module),
      app: Atom.to_string(app),
      # The gateway is to decide by the endpoint's own words.
      url: url(if(given != nil and url[:host] == given, do: original[:url], else: url)),
      http: http(module.config(:http)),
      adapter: module.config(:adapter)
    }
  end

  @doc """
  Returns what an endpoint's own listener answers, in the words of the protocol; nothing where the
  endpoint can't tell.
  """
  @spec bound(module()) :: {:ok, term()} | nil
  def bound(module) do
    if function_exported?(module, :server_info, 1) do
      {:ok, wire(module.server_info(:http))}
    end
  rescue
    error -> {:ok, {:failed, Exception.message(error)}}
  catch
    # Its listener is being restarted.
    :exit, why -> {:ok, {:failed, Exception.format_exit(why)}}
  end

  def wire({:ok, {_address, _port} = bound}), do: {:ok, bound}
  def wire({:error, why}), do: {:error, if(is_atom(why), do: why, else: inspect(why))}
  def wire(other), do: if(is_atom(other), do: other, else: {:failed, inspect(other)})

  @doc """
  Returns the keys of `url:` that the gateway is told.
  """
  @spec url(term()) :: keyword()
  def url(url), do: take(url, @url_keys)

  @doc """
  Returns the keys of `http:` that the gateway is told.
  """
  @spec http(term()) :: keyword() | false | nil
  def http(http) when http in [nil, false], do: http
  def http(http), do: take(http, @http_keys)

  # Lists of options may have bare atoms between: `[:inet6, port: 4000]`.
  defp take(options, keys) when is_list(options),
    do: for({key, value} <- options, key in keys, do: {key, value})

  defp take(_other, _keys), do: []

  @doc """
  Returns the port that `http:` names, as a number: both web servers take 4000 where it names none.
  """
  @spec http_port(term()) :: :inet.port_number() | nil
  def http_port(http) when is_list(http) do
    case List.keyfind(http, :port, 0) do
      {:port, port} -> number(port)
      nil -> 4000
    end
  end

  def http_port(_none), do: nil

  defp number(port) when is_integer(port), do: port
  defp number({:system, variable}), do: variable |> System.get_env() |> number()

  defp number(port) when is_binary(port) do
    case Integer.parse(port) do
      {port, ""} -> port
      _other -> nil
    end
  end

  defp number(_other), do: nil
end
