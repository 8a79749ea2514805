defmodule ExServiceMeshRouter.Setup do
  @moduledoc false
  # What `mix mesh_router.setup` writes into a project: computed here, shown and written by the task.
  # Only lines are added, and what is there already is left alone.

  alias ExServiceMeshRouter.Name

  @app :ex_service_mesh_router
  @requirement ~s({:#{@app}, "~> 0.1"})

  @typedoc "A file of the project, by its path from the root, as it is (`nil` if missing) and as it would be."
  @type change :: %{file: Path.t(), before: String.t() | nil, after: String.t()}

  @doc """
  Returns the changes to a project, and what its people have to do by hand.

  Options: `:apps_path` where the apps of an umbrella are, `nil` in a single app; `:port` of the
  gateway; `:urls`, whether endpoints get their address in development.
  """
  @spec plan(Path.t(), keyword()) :: {[change()], [String.t()]}
  def plan(root, options) do
    apps = apps(root, options[:apps_path])
    endpoints = Enum.flat_map(apps, &endpoints(root, &1))

    if endpoints == [] do
      {[], ["There is no module with `use Phoenix.Endpoint, otp_app: …` in #{root}."]}
    else
      planned = [
        dependency(root, apps, endpoints),
        config(root, options[:port]),
        if(options[:urls], do: urls(root, endpoints, options[:port]), else: {nil, []})
      ]

      {changes, notes} = Enum.unzip(planned)
      {Enum.reject(changes, &is_nil/1), Enum.concat(notes)}
    end
  end

  @doc """
  Returns the port that the project's configuration gives the gateway in development, else 4000.
  """
  @spec port(Path.t()) :: :inet.port_number()
  def port(root) do
    files = for file <- ["config.exs", "runtime.exs"], do: Path.join([root, "config", file])

    # What stands last counts. A file that can't be read now says nothing.
    ports = for file <- files, {:ok, config} <- [development(file)], do: config[@app][:port]
    ports |> Enum.filter(&is_integer/1) |> List.last(4000)
  end

  defp apps(_root, nil), do: [""]

  defp apps(root, apps_path) do
    Path.join([root, apps_path, "*", "mix.exs"])
    |> Path.wildcard()
    |> Enum.map(&(&1 |> Path.dirname() |> Path.relative_to(root)))
  end

  # Read from the source, as the gateway does: the project needn't be compiled.
  defp endpoints(root, app) do
    for file <- Path.wildcard(Path.join([root, app, "lib", "**", "*endpoint*.ex"])),
        source = File.read!(file),
        [_, otp_app] <- [Regex.run(~r/^\s*use Phoenix\.Endpoint,\s*otp_app:\s*:(\w+)/m, source)],
        [_, module] <- [Regex.run(~r/^\s*defmodule\s+([\w.]+)\s+do/m, source)] do
      %{folder: app, otp_app: String.to_atom(otp_app), module: Module.concat([module])}
    end
  end

  # The dependency

  defp dependency(root, apps, endpoints) do
    files = Enum.map(apps, &Path.join(&1, "mix.exs"))
    # In an umbrella, the first of its web apps: one is enough, since all run in one VM.
    web = endpoints |> Enum.map(& &1.folder) |> Enum.min() |> Path.join("mix.exs")

    cond do
      Enum.any?(files, &names_package?(Path.join(root, &1))) ->
        {nil, []}

      names_package?(Path.join(root, "mix.exs")) ->
        {nil,
         [
           "Move #{inspect(@app)} from mix.exs to #{web}: nothing starts what the umbrella's root " <>
             "alone depends on."
         ]}

      changed = add_dependency(File.read!(Path.join(root, web))) ->
        {%{file: web, before: File.read!(Path.join(root, web)), after: changed}, []}

      true ->
        {nil,
         ["Add #{@requirement} to the dependencies in #{web}: they are not a list in `deps/0`."]}
    end
  end

  # Other than in a comment.
  defp names_package?(file) do
    with {:ok, source} <- File.read(file),
         {:ok, tree} <- Code.string_to_quoted(source) do
      {_tree, named?} = Macro.prewalk(tree, false, &{&1, &2 or &1 == @app})
      named?
    else
      _ -> false
    end
  end

  # Adds to the list in `deps/0`, as its first; `nil` where there is none.
  defp add_dependency(source) do
    encoder = &{:ok, {:__block__, &2, [&1]}}
    options = [columns: true, token_metadata: true, literal_encoder: encoder]

    with {:ok, tree} <- Code.string_to_quoted(source, options),
         {meta, list} <- find(tree, &deps/1) |> find(&list/1) do
      lines = String.split(source, "\n")
      {before, [line | rest]} = Enum.split(lines, meta[:line] - 1)
      {front, behind} = String.split_at(line, meta[:column])

      added =
        cond do
          list == [] and meta[:closing][:line] == meta[:line] -> [front <> @requirement <> behind]
          String.trim(behind) == "" -> [line, indent(line, rest) <> @requirement <> comma(list)]
          true -> [front <> @requirement <> ", " <> behind]
        end

      Enum.join(before ++ added ++ rest, "\n")
    else
      _ -> nil
    end
  end

  defp comma([]), do: ""
  defp comma(_list), do: ","

  # As the next element is, or two more than the bracket's line.
  defp indent(line, [next | _]) do
    case Regex.run(~r/^(\s*)[{\w]/, next) do
      [_, indent] -> indent
      nil -> hd(Regex.run(~r/^\s*/, line)) <> "  "
    end
  end

  defp find(nil, _wanted), do: nil

  defp find(tree, wanted) do
    {_, found} = Macro.prewalk(tree, nil, fn node, found -> {node, found || wanted.(node)} end)

    found
  end

  defp deps({kind, _, [{:deps, _, _}, body]}) when kind in [:def, :defp], do: body
  defp deps(_node), do: nil

  # The first that may be one of dependencies, which is the outermost.
  defp list({:__block__, meta, [list]}) when is_list(list),
    do: if(meta[:closing] && dependencies?(list), do: {meta, list})

  defp list(_node), do: nil

  defp dependencies?([]), do: true
  defp dependencies?([{:__block__, _, [{app, _requirement}]} | _]), do: app?(app)
  defp dependencies?([{:{}, _, [app | _]} | _]), do: app?(app)
  defp dependencies?([{app, _requirement} | _]), do: app?(app)
  defp dependencies?(_list), do: false

  defp app?({:__block__, _, [app]}), do: is_atom(app)
  defp app?(_other), do: false

  # The gateway's own settings

  defp config(root, port) do
    file = "config/config.exs"
    before = read(root, file)

    written? =
      Path.join([root, "config", "*.exs"])
      |> Path.wildcard()
      |> Enum.any?(&(File.read!(&1) =~ ~r/^\s*config[\s(]+:#{@app}\b/m))

    line = "config :#{@app}, port: #{port}"

    cond do
      written? -> {nil, []}
      before == nil -> {%{file: file, before: nil, after: "import Config\n\n#{line}\n"}, []}
      true -> {%{file: file, before: before, after: before_import(before, line)}, []}
    end
  end

  # In front of what each environment says, so that this can be said otherwise there.
  defp before_import(source, line) do
    lines = String.split(source, "\n")

    case Enum.find_index(lines, &(&1 =~ ~r/^\s*import_config\s*\(?\s*"\#\{/)) do
      nil ->
        append(source, [line])

      index ->
        {front, behind} = Enum.split(lines, index)
        {comment, front} = front |> Enum.reverse() |> Enum.split_while(&(&1 =~ ~r/^\s*#/))
        Enum.join(Enum.reverse(front) ++ [line, ""] ++ Enum.reverse(comment) ++ behind, "\n")
    end
  end

  defp append(source, lines) do
    Enum.join([String.trim_trailing(source, "\n"), "" | lines], "\n") <> "\n"
  end

  # The endpoints' addresses in development

  defp urls(root, endpoints, port) do
    file = "config/dev.exs"

    with {:ok, config} <- development(Path.join(root, "config/config.exs")),
         before when before != nil <- read(root, file),
         lines = url_lines(endpoints, config, port),
         # The file may be read by other ways than from `config/config.exs`.
         [_ | _] = lines <- Enum.reject(lines, &String.contains?(before, &1)) do
      comment = "# Through the gateway, so that links, redirects and sockets stay behind it."
      {%{file: file, before: before, after: append(before, [comment | lines])}, []}
    else
      [] -> {nil, []}
      nil -> {nil, ["There is no #{file} for the endpoints' `url:` in development."]}
      {:error, why} -> {nil, ["The endpoints' `url:` in development was left alone: #{why}"]}
    end
  end

  defp url_lines(endpoints, config, port) do
    labels = endpoints |> Enum.map(&{&1.otp_app, &1.module}) |> Enum.uniq() |> Name.labels()

    for %{otp_app: app, module: module} <- endpoints,
        url = get_in(config, [app, module, :url]) || [],
        Keyword.keyword?(url),
        url[:host] in [nil, "localhost", "example.com"] and url[:scheme] in [nil, "http"] do
      host = labels[module] <> ".localhost"
      ~s(config #{inspect(app)}, #{inspect(module)}, url: [host: "#{host}", port: #{port}])
    end
  end

  defp development(file) do
    if File.regular?(file),
      do: {:ok, Config.Reader.read!(file, env: :dev, target: :host)},
      else: {:ok, []}
  rescue
    error -> {:error, Exception.message(error)}
  end

  defp read(root, file) do
    case File.read(Path.join(root, file)) do
      {:ok, content} -> content
      {:error, _} -> nil
    end
  end

  @doc """
  Shows a change as lines that are added, each place with the lines around it.
  """
  @spec diff(change()) :: String.t()
  def diff(%{file: file, before: before, after: changed}) do
    lines = fn text -> text |> String.trim_trailing("\n") |> String.split("\n") end
    old = if before, do: lines.(before), else: []

    marked =
      Enum.flat_map(List.myers_difference(old, lines.(changed)), fn
        {:eq, same} -> Enum.map(same, &{" ", &1})
        {:del, gone} -> Enum.map(gone, &{"-", &1})
        {:ins, added} -> Enum.map(added, &{"+", &1})
      end)

    indexes = for {{mark, _}, index} <- Enum.with_index(marked), mark != " ", do: index
    near? = fn index -> Enum.any?(indexes, &(abs(&1 - index) <= 2)) end

    shown =
      for {{mark, line}, index} <- Enum.with_index(marked), near?.(index) do
        [String.trim_trailing("#{mark} #{line}"), "\n"]
      end

    IO.iodata_to_binary([file, if(before == nil, do: " (new)", else: ""), "\n" | shown])
  end
end
