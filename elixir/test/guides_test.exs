defmodule ExServiceMeshRouter.GuidesTest do
  use ExUnit.Case, async: true

  @package Path.expand("..", __DIR__)
  @pages ["README.md", "CHANGELOG.md" | Path.wildcard(Path.join(@package, "guides/*.md"))]

  for page <- @pages do
    @page Path.expand(page, @package)

    describe Path.basename(page) do
      test "its Elixir is Elixir" do
        for [_, code] <- Regex.scan(~r/```elixir\n(.*?)```/s, File.read!(@page)) do
          code = String.replace(code, "…", "")
          assert {:ok, _} = Code.string_to_quoted(code), code
        end
      end

      test "its links and tasks lead somewhere" do
        text = File.read!(@page)

        for [_, link] <- Regex.scan(~r/\]\(([^)#]*\.md)/, text),
            not String.contains?(link, "://") do
          assert File.regular?(Path.join(Path.dirname(@page), link)), link
        end

        for [_, task] <- Regex.scan(~r/mix (mesh_router(?:\.\w+)?)/, text) do
          assert Mix.Task.get(task), task
        end
      end

      test "its modules and functions are there" do
        names =
          ~r/(?:ExServiceMeshRouter(?:\.[A-Z]\w*)*|Router\.Shared\.TenantResolver)(?:\.[a-z_]+\/\d)?/

        for [name] <- Regex.scan(names, File.read!(@page)) do
          case Regex.run(~r/^(.*)\.([a-z_]+)\/(\d)$/, name) do
            [_, module, function, arity] ->
              exports = Module.concat([module]).__info__(:functions)
              assert {String.to_atom(function), String.to_integer(arity)} in exports, name

            nil ->
              assert Code.ensure_loaded?(Module.concat([name])), name
          end
        end
      end
    end
  end

  # Titles in the gateway's, Phoenix' and browsers' words; e2e holds those of the gateway.
  @of_others [
    "Could not check origin for Phoenix.Socket transport.",
    "unknown service: auth.example.com",
    "the service is not running",
    "the service can't be connected to",
    "the service ended the connection",
    "the service did not answer in time",
    "the request has come through this gateway before",
    "the request is malformed",
    "no gateway runs, trying again: 127.0.0.1:4000 is taken",
    "unknown key \"…\", did you mean \"…\"?",
    "MESH_ROUTER_…: unknown variable",
    "ERR_TOO_MANY_REDIRECTS",
    "LiveView session was misconfigured or the user token is outdated",
    "Plug.CSRFProtection.InvalidCSRFTokenError",
    "http://auth.local:4000"
  ]

  test "troubles are titled in the words that this package says" do
    said =
      Path.join(@package, "lib/**/*.ex")
      |> Path.wildcard()
      |> Enum.map_join(&File.read!/1)
      # One text, however its lines are broken, whatever stands in it, and code marked or not.
      |> String.replace(~r/"\s*<>\s*"/, "")
      |> String.replace("`", "")

    titles =
      Regex.scan(~r/^## .*$/m, File.read!(Path.join(@package, "guides/troubleshooting.md")))

    ours =
      for [title] <- titles,
          [_, text] <- Regex.scan(~r/`([^`]+)`/, title),
          text not in @of_others do
        text
      end

    assert length(ours) > 8

    for text <- ours, part <- String.split(text, ["…", "mesh-router is", "trying again:"]) do
      assert said =~ String.trim(part), text
    end
  end

  test "every module that is shown says in a line what it is" do
    {:ok, modules} = :application.get_key(:ex_service_mesh_router, :modules)

    shown =
      for module <- modules,
          source = to_string(module.module_info(:compile)[:source]),
          String.starts_with?(source, Path.join(@package, "lib/")),
          {:docs_v1, _, _, _, %{"en" => doc}, _, _} <- [Code.fetch_docs(module)] do
        line = doc |> String.trim() |> String.split("\n\n") |> hd()
        assert String.length(line) <= 80, "#{inspect(module)}: #{line}"
        module
      end

    assert ExServiceMeshRouter.TenantPlug in shown
    assert length(shown) > 10
  end
end
