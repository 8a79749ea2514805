defmodule ExServiceMeshRouter.Host do
  @moduledoc false
  # The hosts that lead to an endpoint, by the gateway's own rules: docs/development.md says the same.

  alias ExServiceMeshRouter.{Name, Optional, PhoenixEndpoint}
  alias Router.Shared.TenantResolver

  # What `phx.new` writes until somebody chooses.
  @placeholders ["localhost", "example.com"]

  @doc """
  Returns the hosts that lead to an endpoint, below which its tenants are: its own from
  `url: [host: …]` where that tells endpoints apart, those that `routes:` of the gateway's settings
  give it, and in development its development name. What `mesh-router.toml` says isn't known here.

  Raises if the module is no Phoenix endpoint.
  """
  @spec bases(module()) :: [String.t()]
  def bases(endpoint) do
    ensure_endpoint(endpoint)

    in_development = if development?(), do: development_name(endpoint)
    hosts = [own(endpoint) | routed(endpoint)] ++ [in_development]
    hosts |> Enum.reject(&is_nil/1) |> Enum.uniq()
  end

  @doc """
  Returns whether this VM is one for development, where endpoints have names that need no hosts file.

  `config :ex_service_mesh_router, mode: …` says it outright; else Mix does, which no release has.
  """
  @spec development?() :: boolean()
  def development? do
    case Application.get_env(:ex_service_mesh_router, :mode, "auto") do
      mode when mode in [:development, "development"] -> true
      mode when mode in [:production, "production"] -> false
      # Asked for each request, so by what is quick to know.
      _auto -> Process.whereis(Mix.State) != nil and Optional.call(Mix, :env, []) in [:dev, :test]
    end
  end

  @doc """
  Returns an endpoint's development name, such as `auth.localhost`; `nil` where its application's
  name makes no host.
  """
  @spec development_name(module()) :: String.t() | nil
  def development_name(endpoint) do
    domain =
      Application.get_env(:ex_service_mesh_router, :development, [])[:domain] || "localhost"

    name = "#{label(endpoint)}.#{domain}"
    if TenantResolver.host?(name), do: name
  end

  # Which endpoints there are changes with the code alone, and looking through all modules is slow.
  defp label(endpoint) do
    key = {__MODULE__, endpoint}

    with nil <- :persistent_term.get(key, nil) do
      own = {app(endpoint), endpoint}

      label =
        [own | PhoenixEndpoint.all()] |> Enum.uniq() |> Name.labels() |> Map.fetch!(endpoint)

      :persistent_term.put(key, label)
      label
    end
  end

  defp ensure_endpoint(module) do
    (Code.ensure_loaded?(module) and function_exported?(module, :config, 1)) ||
      raise ArgumentError,
            "#{inspect(module)} is no Phoenix endpoint: give a host such as \"auth.local\", or the " <>
              "module that has `use Phoenix.Endpoint`"
  end

  defp app(endpoint) do
    config(endpoint, :otp_app) || Application.get_application(endpoint)
  end

  # The endpoint's own host, if it tells endpoints apart: a placeholder or an address doesn't.
  defp own(endpoint) do
    name = endpoint |> configured_host() |> name()
    if name not in @placeholders, do: name
  end

  # Routes by hand, in every form that docs/configuration.md has for them.
  defp routed(endpoint) do
    for {host, route} <- routes(),
        route[:endpoint] in [endpoint, inspect(endpoint)],
        name = name(to_string(host)),
        name != "localhost" do
      name
    end
  end

  defp routes do
    routes = Application.get_env(:ex_service_mesh_router, :routes, [])
    routes = if is_map(routes), do: Map.to_list(routes), else: List.wrap(routes)
    # What is written wrongly the gateway tells.
    for {host, route} when is_binary(host) or is_atom(host) <- routes,
        is_map(route) or Keyword.keyword?(route) do
      {host, route}
    end
  end

  # A host as others compare it; `nil` where it can have no tenants.
  defp name(host) when is_binary(host) do
    name = host |> String.replace_suffix(".", "") |> String.downcase(:ascii)
    if TenantResolver.host?(name) and not String.contains?(name, ":"), do: name
  end

  defp name(_other), do: nil

  defp configured_host(endpoint) do
    case (config(endpoint, :url) || [])[:host] do
      {:system, variable} -> System.get_env(variable)
      host -> host
    end
  end

  # `config/1` raises before the endpoint is started.
  defp config(endpoint, key) do
    endpoint.config(key)
  rescue
    ArgumentError ->
      app = Application.get_application(endpoint)
      if app, do: Application.get_env(app, endpoint, [])[key]
  end
end
