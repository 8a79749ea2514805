defmodule ExServiceMeshRouter.Log do
  @moduledoc false
  # What of the gateway goes to Logger.

  require Logger

  # The fields that the gateway's lines have, as metadata that a formatter or filter may ask for.
  @fields ~w(client_addr elapsed_ms endpoint error file generation host listener node reason service
             side source state status subdomains upstream was)a

  @doc """
  Logs a line of the gateway's log, its fields in the text and as metadata.
  """
  @spec line(Logger.level(), String.t(), String.t(), [{String.t(), String.t()}]) :: :ok
  def line(level, target, message, fields) do
    text = Enum.map_join([{nil, message} | fields], " ", &write/1)
    known = for {name, value} <- fields, key = key(name), do: {key, value}
    Logger.bare_log(level, text, [target: target] ++ known ++ metadata())
  end

  defp write({nil, message}), do: message

  defp write({name, value}) do
    if value =~ ~r/\A[^\s"=]+\z/, do: "#{name}=#{value}", else: "#{name}=#{inspect(value)}"
  end

  # Atoms are never made of what the gateway says.
  defp key(name), do: Enum.find(@fields, &(Atom.to_string(&1) == name))

  @doc """
  Logs what the package has to say of the gateway.
  """
  @spec gateway(Logger.level(), String.t()) :: :ok
  def gateway(level, message), do: Logger.bare_log(level, message, metadata())

  @doc """
  Logs the one line that says where the gateway accepts and what it leads to.
  """
  @spec links([String.t()], [map()], [module()]) :: :ok
  def links(addresses, routes, silent) do
    silent = Enum.map(silent, &inspect/1)

    links =
      for %{host: host, service: service} <- routes,
          service not in silent,
          do: "#{ExServiceMeshRouter.link(host, addresses)} (#{service})"

    silent = for module <- silent, do: "#{module} (server: false)"

    parts = [
      "gateway at #{Enum.join(addresses, ", ")}",
      if(links == [], do: "no routes", else: Enum.join(links, ", ")),
      if(silent != [], do: "not served: #{Enum.join(silent, ", ")}")
    ]

    gateway(:info, parts |> Enum.reject(&is_nil/1) |> Enum.join("; "))
  end

  defp metadata, do: [application: :ex_service_mesh_router, domain: [:ex_service_mesh_router]]
end
