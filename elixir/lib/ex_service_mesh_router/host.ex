defmodule ExServiceMeshRouter.Host do
  @moduledoc false
  # The hosts that lead to an endpoint, by the gateway's own rules: `crates/phoenix/src/name.rs` and
  # docs/development.md say the same.

  alias Router.Shared.TenantResolver

  # What `phx.new` writes until somebody chooses.
  @placeholders ["localhost", "example.com"]

  @doc """
  Returns the hosts that lead to an endpoint, below which its tenants are: its own from
  `url: [host: …]` where that tells endpoints apart, and in development its development name.

  Raises if the module is no Phoenix endpoint.
  """
  @spec bases(module()) :: [String.t()]
  def bases(endpoint) do
    ensure_endpoint(endpoint)

    [own(endpoint), if(development?(), do: development_name(endpoint))]
    |> Enum.reject(&is_nil/1)
    |> Enum.uniq()
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
      _auto -> Process.whereis(Mix.State) != nil and mix_env() in [:dev, :test]
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

  @doc """
  Returns the development label of each endpoint, given as `{app, module}`: what stands before the
  development domain.

  It is the application's name without a trailing `_web` (kept where an application of the short name
  has an endpoint too) and with `-` for `_`. Where an application has several endpoints, what a
  module's name adds to the application's and to `Endpoint` follows after a `-`.
  """
  @spec labels([{atom(), module()}]) :: %{module() => String.t()}
  def labels(endpoints) do
    counts = Enum.frequencies_by(endpoints, fn {app, _module} -> Atom.to_string(app) end)

    labels =
      for {app, module} <- endpoints do
        app = Atom.to_string(app)
        {app, module, label(app, module, counts, ["web"])}
      end

    owners = Enum.frequencies_by(labels, fn {app, _module, label} -> {app, label} end)

    Map.new(labels, fn {app, module, label} ->
      # Two endpoints of one application would have one label without the word `web`.
      if owners[{app, label}] > 1,
        do: {module, label(app, module, counts, [])},
        else: {module, label}
    end)
  end

  defp label(app, module, counts, dropped) do
    short = String.replace_suffix(app, "_web", "")
    short = if short == "" or (short != app and is_map_key(counts, short)), do: app, else: short

    case if(counts[app] > 1, do: addition(module, app, dropped), else: "") do
      "" -> dashed(short)
      addition -> dashed(short) <> "-" <> addition
    end
  end

  # What a module's name adds to its application's: `admin` for `AuthWeb.AdminEndpoint` of `:auth_web`.
  defp addition(module, app, dropped) do
    app_words = app |> String.replace_suffix("_web", "") |> String.split("_")

    words =
      for part <- Module.split(module), word <- words(part), word != "endpoint" do
        word
      end

    words =
      if List.starts_with?(words, app_words),
        do: Enum.drop(words, length(app_words)),
        else: words

    words |> Enum.reject(&(&1 in dropped)) |> Enum.join("-")
  end

  # Takes a CamelCase name apart: `AdminAPI` is `admin`, `api`.
  defp words(name) do
    Regex.scan(~r/[A-Z]+(?![a-z])[^A-Z]*|[A-Z]?[^A-Z]+/, name)
    |> Enum.map(fn [word] -> String.downcase(word, :ascii) end)
  end

  defp dashed(app) do
    app
    |> String.replace(~r/[^A-Za-z0-9]/u, "-")
    |> String.downcase(:ascii)
    |> String.trim("-")
  end

  # Which endpoints there are changes with the code alone, and looking through all modules is slow.
  defp label(endpoint) do
    key = {__MODULE__, endpoint}

    with nil <- :persistent_term.get(key, nil) do
      own = {app(endpoint), endpoint}
      label = [own | endpoints()] |> Enum.uniq() |> labels() |> Map.fetch!(endpoint)
      :persistent_term.put(key, label)
      label
    end
  end

  # Every endpoint of the loaded applications.
  defp endpoints do
    for {app, _, _} <- Application.loaded_applications(),
        module <- Application.spec(app, :modules) || [],
        named_endpoint?(module),
        endpoint?(module) do
      {app, module}
    end
  end

  defp named_endpoint?(module) do
    name = Atom.to_string(module)
    String.starts_with?(name, "Elixir.") and String.contains?(name, "Endpoint")
  end

  defp endpoint?(module) do
    Code.ensure_loaded?(module) and
      module.module_info(:attributes)
      |> Keyword.get_values(:behaviour)
      |> Enum.any?(&(Phoenix.Endpoint in &1))
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
    with host when is_binary(host) <- configured_host(endpoint),
         name = host |> String.trim_trailing(".") |> String.downcase(:ascii),
         false <- name in @placeholders or String.contains?(name, ":"),
         true <- TenantResolver.host?(name) do
      name
    else
      _ -> nil
    end
  end

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

  # At run time, since there is no Mix in a release.
  defp mix_env, do: apply(Mix, :env, [])
end
