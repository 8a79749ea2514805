# What Elixir itself makes of configuration files: `elixir config.exs TREE ENV TREE ENV …`.
#
# Each tree has config/config.exs, or the file that `config_path` names, may have a runtime.exs
# beside it or, for prod, config/releases.exs, and its environment variables in `vars`. Prints one line for each, `oracle: ` and JSON: {"config": TERM}, or {"error": TEXT} where
# Elixir aborts.
# A TERM is ["atom", "name"], ["integer", 1], ["float", 1.5], ["binary", [bytes]], ["list", [TERM]],
# ["tuple", [TERM]], ["map", [[TERM, TERM]]], or ["other"].

# Code of dependencies, which only Elixir can run.
defmodule SomeDep do
  defmacro __using__(_options), do: nil
  def adapter, do: Some.Adapter
  def app, do: :acme
  def each(list, function), do: Enum.each(list, function)
  def call(function, arguments), do: apply(function, arguments)
  def config, do: Config
  def echo(value), do: value
  def host, do: "dep.test"
  def is_on, do: true
  def maybe, do: nil
  def names, do: ["one", "two"]
  def port, do: 4321
  def run(function), do: function.()
  def settings, do: [url: [host: "settings.test"], a: 1]
  def thing, do: %{a: 1}
end

defmodule SomeDotenv do
  def load do
    System.put_env(%{"PORT" => "5000", "HOST" => "dotenv.test", "NAME" => "dotenv", "FLAG" => "true"})
  end
end

defmodule Show do
  def json(term) when is_atom(term), do: ~s(["atom",#{text(Atom.to_string(term))}])
  def json(term) when is_integer(term), do: ~s(["integer",#{term}])
  def json(term) when is_float(term), do: ~s(["float",#{term}])
  def json(term) when is_binary(term), do: ~s(["binary",[#{Enum.join(:binary.bin_to_list(term), ",")}]])
  def json(term) when is_tuple(term), do: ~s(["tuple",#{all(Tuple.to_list(term))}])

  def json(term) when is_list(term) do
    if List.improper?(term), do: ~s(["other"]), else: ~s(["list",#{all(term)}])
  end

  def json(term) when is_map(term) do
    pairs = for {key, value} <- Map.to_list(term), do: "[#{json(key)},#{json(value)}]"
    ~s(["map",[#{Enum.join(pairs, ",")}]])
  end

  def json(_other), do: ~s(["other"])

  def text(text) do
    escaped =
      for <<char::utf8 <- text>>, into: "" do
        if char in [?", ?\\] or char < 32, do: "\\u" <> String.pad_leading(Integer.to_string(char, 16), 4, "0"), else: <<char::utf8>>
      end

    ~s("#{escaped}")
  end

  defp all(terms), do: "[#{Enum.map_join(terms, ",", &json/1)}]"
end

defmodule Run do
  def tree(root, env) do
    set_variables(Path.join(root, "vars"))
    Mix.env(env)

    # As `mix` does: the scripts run in the project's root, runtime.exs last and merged over.
    File.cd!(root, fn ->
      path = config_path()
      config = Config.Reader.read!(path, env: env, target: :host)
      runtime = Path.join(Path.dirname(path), "runtime.exs")
      # The second is read by a release that has no runtime.exs, never by `mix`.
      started = Enum.find([runtime | if(env == :prod, do: ["config/releases.exs"], else: [])], &File.exists?/1)

      if started do
        Config.Reader.merge(config, Config.Reader.read!(started, env: env, target: :host, imports: :disabled))
      else
        config
      end
    end)
  end

  defp config_path do
    case File.read("config_path") do
      {:ok, path} -> String.trim(path)
      {:error, :enoent} -> "config/config.exs"
    end
  end

  defp set_variables(file) do
    for {name, _} <- System.get_env(), do: System.delete_env(name)

    with {:ok, text} <- File.read(file) do
      for line <- String.split(text, "\n", trim: true), [name, value] <- [String.split(line, "=", parts: 2)] do
        System.put_env(name, value)
      end
    end
  end
end

Mix.start()
Code.compiler_options(ignore_module_conflict: true)

for [root, env] <- Enum.chunk_every(System.argv(), 2) do
  # A process of its own, so that nothing is left over from the tree before.
  {_, _, {:shutdown, line}} =
    spawn_monitor(fn ->
      line =
        try do
          ~s({"config":#{Show.json(Run.tree(root, String.to_atom(env)))}})
        rescue
          error -> ~s({"error":#{Show.text(Exception.message(error))}})
        catch
          kind, reason -> ~s({"error":#{Show.text("#{kind} #{inspect(reason)}")}})
        end

      exit({:shutdown, line})
    end)
    |> then(fn {pid, monitor} ->
      receive do
        {:DOWN, ^monitor, :process, ^pid, reason} -> {pid, monitor, reason}
      after
        20_000 -> {pid, monitor, {:shutdown, ~s({"error":"it does not end"})}}
      end
    end)

  IO.puts(:stdio, "oracle: " <> line)
end
