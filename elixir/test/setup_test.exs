defmodule ExServiceMeshRouter.SetupTest do
  use ExUnit.Case, async: true

  import ExServiceMeshRouter.TestProject, only: [write: 2]

  alias ExServiceMeshRouter.Setup

  @moduletag :tmp_dir

  @umbrella [apps_path: "apps", port: 4000, urls: true]

  defp mix(deps) do
    """
    defmodule Some.MixProject do
      use Mix.Project

      def project do
        [app: :some, version: "0.1.0", deps: deps()]
      end

      defp deps do
    #{deps}
      end
    end
    """
  end

  @deps "    [\n      {:phoenix, \"~> 1.8\"},\n      {:bandit, \"~> 1.5\"}\n    ]"

  defp endpoint(app, module) do
    "defmodule #{module} do\n  use Phoenix.Endpoint, otp_app: :#{app}\nend\n"
  end

  @config """
  import Config

  config :auth_web, AuthWeb.Endpoint, adapter: Bandit.PhoenixAdapter

  # Import environment specific config. This must remain at the bottom
  # of this file so it overrides the configuration defined above.
  import_config "#{"\#{config_env()}"}.exs"
  """

  defp umbrella(folder, files \\ %{}) do
    umbrella = %{
      "mix.exs" => mix("    []"),
      "config/config.exs" => @config,
      "config/dev.exs" => """
      import Config

      config :auth_web, AuthWeb.Endpoint, http: [port: 4000], url: [host: "localhost"]
      config :billing_web, BillingWeb.Endpoint, http: [port: 4001]
      """,
      "apps/shop/mix.exs" => mix(@deps),
      "apps/auth_web/mix.exs" => mix(@deps),
      "apps/auth_web/lib/auth_web/endpoint.ex" => endpoint("auth_web", "AuthWeb.Endpoint"),
      "apps/billing_web/mix.exs" => mix(@deps),
      "apps/billing_web/lib/billing_web/endpoint.ex" =>
        endpoint("billing_web", "BillingWeb.Endpoint")
    }

    write(folder, Map.merge(umbrella, files))
  end

  # Plans, checks that nothing is taken away and that each file is Elixir, and applies.
  defp setup_project(folder, options \\ @umbrella) do
    {changes, notes} = Setup.plan(folder, options)

    for %{file: file, before: before, after: changed} <- changes do
      assert {:ok, _} = Code.string_to_quoted(changed), changed
      refute Keyword.has_key?(String.myers_difference(before || "", changed), :del), changed
      File.write!(Path.join(folder, file), changed)
    end

    {Map.new(changes, &{&1.file, &1.after}), notes}
  end

  test "an umbrella gets the dependency, the port and its endpoints' addresses", %{
    tmp_dir: folder
  } do
    umbrella(folder)
    assert {changes, []} = setup_project(folder)
    assert Map.keys(changes) == ["apps/auth_web/mix.exs", "config/config.exs", "config/dev.exs"]

    assert changes["apps/auth_web/mix.exs"] =~
             "    [\n      {:ex_service_mesh_router, \"~> 0.1\"},\n      {:phoenix, \"~> 1.8\"},\n"

    assert changes["config/config.exs"] =~
             "\nconfig :ex_service_mesh_router, port: 4000\n\n# Import environment specific config."

    assert String.ends_with?(changes["config/dev.exs"], """

           # Through the gateway, so that links, redirects and sockets stay behind it.
           config :auth_web, AuthWeb.Endpoint, url: [host: "auth.localhost", port: 4000]
           config :billing_web, BillingWeb.Endpoint, url: [host: "billing.localhost", port: 4000]
           """)

    # What Elixir itself makes of it.
    config = Config.Reader.read!(Path.join(folder, "config/dev.exs"), env: :dev)
    assert config[:auth_web][AuthWeb.Endpoint][:url] == [host: "auth.localhost", port: 4000]
    assert config[:auth_web][AuthWeb.Endpoint][:http] == [port: 4000]
  end

  test "run again, it changes nothing", %{tmp_dir: folder} do
    umbrella(folder)
    {changes, []} = setup_project(folder)
    assert map_size(changes) == 3
    assert setup_project(folder) == {%{}, []}
  end

  test "what is there is left alone", %{tmp_dir: folder} do
    umbrella(folder, %{
      "apps/billing_web/mix.exs" => mix("    [{:ex_service_mesh_router, path: \"../x\"}]"),
      "config/runtime.exs" => "import Config\nconfig :ex_service_mesh_router, port: 8080\n",
      "config/dev.exs" => """
      import Config
      config :auth_web, AuthWeb.Endpoint, url: [host: "auth.local", port: 4001]
      config :billing_web, BillingWeb.Endpoint, url: [scheme: "https", host: "localhost"]
      """
    })

    assert setup_project(folder) == {%{}, []}
  end

  test "the port is the one that the project has", %{tmp_dir: folder} do
    umbrella(folder)
    assert Setup.port(folder) == 4000
    config = "import Config\nconfig :ex_service_mesh_router, port: 8000\n"
    umbrella(folder, %{"config/config.exs" => config})
    assert Setup.port(folder) == 8000
    runtime = "import Config\nconfig :ex_service_mesh_router, port: 8080\n"
    umbrella(folder, %{"config/config.exs" => config, "config/runtime.exs" => runtime})
    assert Setup.port(folder) == 8080
    # What can't be read says nothing.
    umbrella(folder, %{"config/runtime.exs" => "System.fetch_env!(\"NOT_SET_HERE\")\n"})
    assert Setup.port(folder) == 4000
  end

  test "what the umbrella's root alone depends on is not there", %{tmp_dir: folder} do
    umbrella(folder, %{"mix.exs" => mix("    [{:ex_service_mesh_router, path: \"../x\"}]")})
    {changes, [note]} = setup_project(folder)
    refute is_map_key(changes, "apps/auth_web/mix.exs")
    assert note =~ "Move :ex_service_mesh_router from mix.exs to apps/auth_web/mix.exs"
    # Nor is what stands in a comment.
    umbrella(folder, %{"apps/shop/mix.exs" => mix("    # :ex_service_mesh_router?\n    []")})
    assert {%{"apps/auth_web/mix.exs" => _}, []} = setup_project(folder)
  end

  test "a single app gets the same", %{tmp_dir: folder} do
    write(folder, %{
      "mix.exs" => mix(@deps),
      "config/config.exs" => @config,
      "config/dev.exs" => "import Config\n",
      "lib/shop_web/endpoint.ex" => endpoint("shop", "ShopWeb.Endpoint")
    })

    assert {changes, []} = setup_project(folder, apps_path: nil, port: 8000, urls: true)
    assert Map.keys(changes) == ["config/config.exs", "config/dev.exs", "mix.exs"]
    assert changes["config/config.exs"] =~ "config :ex_service_mesh_router, port: 8000"

    assert changes["config/dev.exs"] =~
             "config :shop, ShopWeb.Endpoint, url: [host: \"shop.localhost\", port: 8000]"

    assert setup_project(folder, apps_path: nil, port: 8000, urls: true) == {%{}, []}
  end

  test "addresses are left out where that is wished", %{tmp_dir: folder} do
    umbrella(folder)
    {changes, []} = setup_project(folder, Keyword.put(@umbrella, :urls, false))
    refute is_map_key(changes, "config/dev.exs")
  end

  test "lists of dependencies are added to however they are written", %{tmp_dir: folder} do
    for {deps, expected} <- [
          {"    []", ~s(    [{:ex_service_mesh_router, "~> 0.1"}])},
          {"    [\n    ]", ~s(    [\n      {:ex_service_mesh_router, "~> 0.1"}\n    ])},
          {~s(    [{:phoenix, "~> 1.8"}]),
           ~s(    [{:ex_service_mesh_router, "~> 0.1"}, {:phoenix, "~> 1.8"}])},
          {~s(    [phoenix: "~> 1.8"]),
           ~s(    [{:ex_service_mesh_router, "~> 0.1"}, phoenix: "~> 1.8"])},
          {~s(    [\n      {:phoenix, "~> 1.8", only: [:dev]}\n    ] ++ more\(\)),
           ~s(    [\n      {:ex_service_mesh_router, "~> 0.1"},\n      {:phoenix, "~> 1.8", only: [:dev]})},
          {~s(    more\(\) ++ [\n      # Theirs\n      {:phoenix, "~> 1.8"}\n    ]),
           ~s(    more\(\) ++ [\n      {:ex_service_mesh_router, "~> 0.1"},\n      # Theirs)},
          {~s(    Enum.concat\([a\(\), [{:phoenix, "~> 1.8"}]]\)),
           ~s(    Enum.concat\([a\(\), [{:ex_service_mesh_router, "~> 0.1"}, {:phoenix)}
        ] do
      umbrella(folder, %{"apps/auth_web/mix.exs" => mix(deps)})
      assert {%{"apps/auth_web/mix.exs" => changed}, _} = setup_project(folder)
      assert changed =~ expected
    end
  end

  test "what can't be written is said", %{tmp_dir: folder} do
    umbrella(folder, %{
      "apps/auth_web/mix.exs" => mix("    Common.deps()"),
      "config/config.exs" => "import Config\nraise \"no config today\"\n"
    })

    {changes, notes} = setup_project(folder)
    assert Map.keys(changes) == ["config/config.exs"]
    assert [dependency, urls] = notes

    assert dependency =~
             "Add {:ex_service_mesh_router, \"~> 0.1\"} to the dependencies in apps/auth_web"

    assert urls =~ "no config today"

    assert {[], ["There is no module with `use Phoenix.Endpoint" <> _]} =
             Setup.plan(Path.join(folder, "config"), @umbrella)
  end

  test "a missing config file is made", %{tmp_dir: folder} do
    umbrella(folder)
    File.rm_rf!(Path.join(folder, "config"))
    File.mkdir_p!(Path.join(folder, "config"))
    {changes, notes} = setup_project(folder)

    assert changes["config/config.exs"] ==
             "import Config\n\nconfig :ex_service_mesh_router, port: 4000\n"

    assert notes == ["There is no config/dev.exs for the endpoints' `url:` in development."]
  end

  test "changes are shown with the lines around them" do
    before = "import Config\n\nconfig :a, b: 1\nconfig :a, c: 1\nconfig :a, d: 1\n"
    change = %{file: "config/dev.exs", before: before, after: before <> "config :a, e: 1\n"}

    assert Setup.diff(change) ==
             "config/dev.exs\n  config :a, c: 1\n  config :a, d: 1\n+ config :a, e: 1\n"

    change = %{file: "config/new.exs", before: nil, after: "import Config\n"}
    assert Setup.diff(change) == "config/new.exs (new)\n+ import Config\n"
  end
end
