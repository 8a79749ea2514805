defmodule Mix.Tasks.MeshRouter.Setup do
  @shortdoc "Writes what the gateway needs into mix.exs and config"

  @moduledoc """
  Writes what the gateway needs into an umbrella or a single app.

  It shows what it would write, asks, and then writes.

      mix mesh_router.setup
      mix mesh_router.setup --yes
      mix mesh_router.setup --port 8000 --no-urls

    * The dependency, into the `mix.exs` of the first app that has an endpoint, unless an app has it.
      One app is enough: all of an umbrella run in one VM.
    * `config :ex_service_mesh_router, port: 4000`, into `config/config.exs`.
    * For each endpoint whose host in development is `localhost`, its address behind the gateway, into
      `config/dev.exs`: `config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost", port: 4000]`.
      (Without these lines the package does the same when it starts. Written down, they are seen.)

  Only lines are added, and what is there already is left alone, so that it may be run again.

  ## Options

    * `--yes` - writes without asking
    * `--port PORT` - the gateway's port; without it what `config/config.exs` says, else 4000
    * `--no-urls` - leaves `config/dev.exs` alone
  """

  use Mix.Task

  alias ExServiceMeshRouter.Setup

  @switches [yes: :boolean, port: :integer, urls: :boolean]

  @impl Mix.Task
  def run(args) do
    case OptionParser.parse(args, strict: @switches) do
      {options, [], []} ->
        setup(options)

      {_, words, invalid} ->
        word = Enum.find_value(invalid, List.first(words), fn {option, _value} -> option end)
        Mix.raise("mesh_router.setup can't do with #{word}, see `mix help mesh_router.setup`")
    end
  end

  defp setup(options) do
    {root, apps_path} = project()
    port = options[:port] || Setup.port(root)
    urls? = Keyword.get(options, :urls, true)
    {changes, notes} = Setup.plan(root, apps_path: apps_path, port: port, urls: urls?)

    Enum.each(changes, &Mix.shell().info(Setup.diff(&1)))
    Enum.each(notes, &Mix.shell().info(&1))

    cond do
      changes == [] and notes == [] -> Mix.shell().info("Everything is there already.")
      changes == [] -> :ok
      options[:yes] || Mix.shell().yes?("Write this?") -> write(root, changes, port)
      true -> Mix.shell().info("Nothing was written.")
    end
  end

  defp write(root, changes, port) do
    for %{file: file, after: content} <- changes do
      path = Path.join(root, file)
      File.mkdir_p!(Path.dirname(path))
      File.write!(path, content)
    end

    Mix.shell().info("""
    Written. Next:

        mix deps.get
        mix mesh_router.install
        mix phx.server

    and then http://localhost:#{port} lists your endpoints.
    """)
  end

  # The project's root, and where an umbrella's apps are in it.
  defp project do
    config = Mix.Project.config()
    root = config[:lockfile] |> Path.expand() |> Path.dirname()
    here = File.cwd!()

    if here == root,
      do: {root, config[:apps_path]},
      else: {root, here |> Path.dirname() |> Path.relative_to(root)}
  end
end
