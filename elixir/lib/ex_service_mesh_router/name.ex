defmodule ExServiceMeshRouter.Name do
  @moduledoc false
  # The names that development gives to endpoints. The gateway has the same rules, and one table of
  # cases holds both: crates/phoenix/testdata/labels.txt.

  @doc """
  Returns the label of each endpoint `{app, module}`: what stands before the development domain.
  """
  @spec labels([{atom(), module()}]) :: %{module() => String.t()}
  def labels(endpoints) do
    apps = Enum.frequencies_by(endpoints, &elem(&1, 0))
    dropped = Map.new(endpoints, &{&1, label(&1, apps, :dropped)})
    owners = Enum.frequencies_by(dropped, fn {{app, _module}, label} -> {app, label} end)

    Map.new(dropped, fn {{app, module} = endpoint, label} ->
      if owners[{app, label}] > 1 do
        {module, label(endpoint, apps, :kept)}
      else
        {module, label}
      end
    end)
  end

  defp label({app, module}, apps, web) do
    name = Atom.to_string(app)
    short = short(name, apps)
    addition = if apps[app] > 1, do: addition(module, name, web), else: ""
    if addition == "", do: dashed(short), else: "#{dashed(short)}-#{addition}"
  end

  # The application's name without `_web`, unless another is called so.
  defp short(name, apps) do
    short = String.replace_suffix(name, "_web", "")
    taken? = Enum.any?(apps, fn {app, _count} -> Atom.to_string(app) == short end)
    if short == "" or taken?, do: name, else: short
  end

  # What a module's name adds to its application's. Two endpoints that differ in the word `web`
  # alone keep it.
  defp addition(module, app, web) do
    words = module |> inspect() |> String.split(".") |> Enum.flat_map(&words/1)
    words = words -- List.duplicate("endpoint", length(words))
    app_words = app |> String.replace_suffix("_web", "") |> String.split("_")

    words =
      if List.starts_with?(words, app_words), do: Enum.drop(words, length(app_words)), else: words

    words = if web == :kept, do: words, else: Enum.reject(words, &(&1 == "web"))
    Enum.join(words, "-")
  end

  # `AdminAPI` is `admin`, `api`.
  defp words(name) do
    name
    |> String.replace(~r/(?<=[^A-Z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])/, " ")
    |> String.downcase(:ascii)
    |> String.split(" ", trim: true)
  end

  defp dashed(name) do
    name |> String.downcase(:ascii) |> String.replace(~r/[^a-z0-9]/, "-") |> String.trim("-")
  end
end
