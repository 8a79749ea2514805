defmodule ExServiceMeshRouter.OptionsTest do
  use ExUnit.Case, async: true

  alias ExServiceMeshRouter.Options

  @server %{env: :dev, root: nil, release?: false, serve?: true, listens?: false}

  defp parse!(config, surroundings \\ @server) do
    {:ok, options} = Options.parse(config, surroundings)
    options
  end

  test "it starts under mix phx.server alone, unless told otherwise" do
    assert parse!([]).enabled?
    assert parse!([], %{@server | env: :prod}).enabled?
    refute parse!([], %{@server | serve?: false}).enabled?
    refute parse!([], %{@server | env: :test}).enabled?
    refute parse!([], %{@server | env: nil, release?: true}).enabled?
    assert parse!([enabled: true], %{@server | env: nil, release?: true, serve?: false}).enabled?
    assert parse!([enabled: true], %{@server | env: :test}).enabled?
    refute parse!(enabled: false).enabled?
  end

  test "development is an environment of Mix, unless the mode says it" do
    assert parse!([]).development?
    assert parse!([], %{@server | env: :test}).development?
    refute parse!([], %{@server | env: :prod}).development?
    refute parse!([], %{@server | release?: true}).development?
    refute parse!(mode: "production").development?
    assert parse!([mode: :development], %{@server | env: :prod}).development?
  end

  test "the gateway's settings are passed on, the package's own are not" do
    settings = [port: 4040, timeouts: [hold: "10s"], oprt: 1]
    own = [enabled: true, urls: :keep, cluster: true, gateway: :child, path: "/x", version: "1"]
    assert parse!(settings ++ own).settings == settings
  end

  test "the port is 4000 unless something says where to listen" do
    assert parse!([]).settings == [port: 4000]
    assert parse!([]).ports == [4000]
    assert parse!(port: 0).ports == []
    # Or where another place may say it: the file, a variable, the gateway itself.
    assert parse!([], %{@server | listens?: true}).settings == []
    assert parse!(gateway: "unix:/run/vm.sock").ports == []
    assert parse!(gateway: "unix:/run/vm.sock", port: 80).ports == [80]
    assert parse!(listen: "127.0.0.1:4040").settings == [listen: "127.0.0.1:4040"]
    assert parse!(listen: ["127.0.0.1:4040", "[::1]:4040", "unix:/a/b"]).ports == [4040]
  end

  test "listen: :private is of the package" do
    options = parse!(listen: :private)
    assert options.private == :all
    assert options.settings == [port: 4000]
    assert parse!(port: 1).private == :needed
  end

  test "the development domain is known" do
    assert parse!([]).domain == "localhost"
    assert parse!(development: [domain: "acme.localhost"]).domain == "acme.localhost"
  end

  test "a gateway that runs by itself is named by its socket" do
    assert parse!([]).gateway == :child

    assert parse!(gateway: "unix:/run/mesh-router/vm.sock").gateway ==
             {:unix, "/run/mesh-router/vm.sock"}

    assert {:error, message} = Options.parse([gateway: "/run/x.sock"], @server)
    assert message =~ "unix:/run/mesh-router/vm.sock"
  end

  test "what an own key can't have is said, with what it can" do
    assert Options.parse([enabled: "yes"], @server) ==
             {:error, ~s(enabled: "yes" is not known, write true or false)}

    assert Options.parse([urls: false], @server) ==
             {:error, "urls: false is not known, write :gateway or :keep"}

    assert {:error, "cluster: nil is not known" <> _} = Options.parse([cluster: nil], @server)
  end

  test "what can't be sent is refused" do
    assert {:error, "log: holds a function" <> _} =
             Options.parse([log: [access: &is_nil/1]], @server)

    assert {:error, "log: " <> _} = Options.parse([log: %{a: [1 | self()]}], @server)

    assert {:ok, _} =
             Options.parse([routes: [{"a.test", endpoint: A, subdomains: false}]], @server)
  end

  test "every key is documented, and the gateway knows that it isn't its own" do
    {:docs_v1, _, _, _, %{"en" => doc}, _, _} = Code.fetch_docs(Options)
    keywords = File.read!(Path.expand("../../crates/mesh-router/src/config/keywords.rs", __DIR__))

    [list] =
      Regex.run(~r/OF_THE_PACKAGE: &\[&str\] = &\[(.*?)\];/s, keywords, capture: :all_but_first)

    known =
      for [key] <- Regex.scan(~r/"(\w+)"/, list, capture: :all_but_first), do: String.to_atom(key)

    for key <- Options.keys(), do: assert(doc =~ "  * `:#{key}` ")
    # `listen` is both's.
    assert Enum.sort(known) == Enum.sort(Options.keys() -- [:listen])
  end
end
