//! Statements, and the settings of endpoints.

use super::Productions;

pub(super) const APP: Productions = &[
    (6, ":acme"),
    (6, ":acme_web"),
    (4, ":shop_web"),
    (1, ":logger"),
    (1, ":\"odd-app\""),
];

pub(super) const ENDPOINT: Productions = &[
    (6, "AcmeWeb.Endpoint"),
    (4, "ShopWeb.Endpoint"),
    (1, "Elixir.AcmeWeb.Endpoint"),
    (1, ":\"Elixir.AcmeWeb.Endpoint\""),
];

pub(super) const ENV: Productions = &[(3, "dev"), (1, "test"), (3, "prod"), (1, "staging")];

pub(super) const ENDPOINT_PAIR: Productions = &[
    (8, "url: [<MANY url_pair>]"),
    (8, "http: [<MANY http_pair>]"),
    (2, "http: [:inet6, <MORE http_pair>]"),
    (2, "https: [<MANY http_pair>]"),
    (4, "server: <boolean>"),
    (1, "server: true"),
    (1, "url: nil"),
    (1, "http: false"),
    (2, "adapter: Bandit.PhoenixAdapter"),
    (2, "check_origin: false"),
    (1, "check_origin: [\"//<DOMAIN>\", \"//*.<DOMAIN>\"]"),
    (1, "secret_key_base: <text>"),
    (1, "secret_key_base: String.duplicate(\"a\", 64)"),
    (2, "pubsub_server: Acme.PubSub"),
    (2, "live_view: [signing_salt: \"abc\"]"),
    (
        2,
        "render_errors: [formats: [html: AcmeWeb.ErrorHTML], layout: false]",
    ),
    (
        1,
        "watchers: [node: [\"node_modules/webpack\", \"--mode\", cd: Path.expand(\"../assets\", __DIR__)]]",
    ),
    (1, "live_reload: [patterns: [~r\"lib/.*(ex)$\"]]"),
    (1, "cache_static_manifest: \"priv/static/manifest.json\""),
    (
        1,
        "force_ssl: [rewrite_on: [:x_forwarded_proto], host: nil]",
    ),
    (2, "url: <keyword>"),
    (2, "http: <keyword>"),
    (1, "<KEY>: <any>"),
];

pub(super) const URL_PAIR: Productions = &[
    (10, "host: <host>"),
    (6, "port: <port>"),
    (3, "scheme: \"https\""),
    (2, "path: \"/<WORD>\""),
    (1, "scheme: <text>"),
];

pub(super) const HTTP_PAIR: Productions = &[
    (10, "port: <port>"),
    (6, "ip: <address>"),
    (1, "transport_options: [socket_opts: [:inet6]]"),
    (1, "thousand_island_options: [num_acceptors: <integer>]"),
    (2, "otp_app: :acme_web"),
];

pub(super) const SETTINGS: Productions = &[
    (10, "config <APP>, <ENDPOINT>, <MORE endpoint_pair>"),
    (4, "config <APP>, <ENDPOINT>, [<MANY endpoint_pair>]"),
    (4, "config <APP>, <MORE pair>"),
    (3, "config <APP>, :<KEY>, <any>"),
    (2, "config(<APP>, <ENDPOINT>, <keyword>)"),
    (
        2,
        "config <APP>, <ENDPOINT>, url: [host: \"<DOMAIN>\"], http: [port: <NUMBER>]",
    ),
];

pub(super) const PLAIN_APP: Productions = &[
    (6, "acme: [<MANY pair>]"),
    (4, "shop_web: [{ShopWeb.Endpoint, [<MANY endpoint_pair>]}]"),
    (2, "{<APP>, <keyword>}"),
    (2, "acme: [a: 1, a: 2]"),
];

pub(super) const STATEMENT: Productions = &[
    (30, "config <APP>, <ENDPOINT>, <MORE endpoint_pair>"),
    (
        4,
        "config <APP>, <ENDPOINT>,\n  # a comment\n  <MORE endpoint_pair>",
    ),
    (
        3,
        "config <APP>, <ENDPOINT>, url: [host: \"<DOMAIN>\", port: <NUMBER>], server: true",
    ),
    (12, "config <APP>, <MORE pair>"),
    (2, "config <APP>, <KEY>: <LITERAL>"),
    (8, "config <APP>, :<KEY>, <any>"),
    (3, "config(<APP>, <keyword>)"),
    (3, "config <APP>, <ENDPOINT>, <keyword>"),
    (2, "config <APP>, <atom>, <any>"),
    (1, "config <APP>, [{<atom>, <any>}]"),
    (1, "config <APP>, <ENDPOINT>, <any>"),
    (1, "config(:\"#{<CURRENT>}_app\", a: <any>)"),
    (2, "config <VAR atom>, a: 1"),
    (1, "Config.config(<APP>, a: <any>)"),
    (1, "Config.config <APP>, :b, <any>"),
    (6, "if <boolean> do\n<statements>\nend"),
    (4, "if <boolean> do\n<statements>\nelse\n<statements>\nend"),
    (1, "if <any> do\n<statements>\nend"),
    (2, "if System.get_env(\"<SET>\") do\n<statements>\nend"),
    (
        2,
        "if <LATE text> = System.get_env(\"<SET>\") do\n<statements>\nend",
    ),
    (
        2,
        "if <LATE text> = System.get_env(\"<UNSET>\") do\n<statements>\nend",
    ),
    (2, "unless <boolean> do\n<statements>\nend"),
    (
        1,
        "unless <boolean> do\n<statements>\nelse\n<statements>\nend",
    ),
    (2, "if <boolean>, do: config(<APP>, a: <any>)"),
    (
        1,
        "if(<boolean>, do: config(<APP>, a: <any>), else: config(<APP>, b: <any>))",
    ),
    (1, "<boolean> && config(<APP>, a: <any>)"),
    (1, "<maybe> || config(<APP>, :a, <any>)"),
    (
        3,
        "case <CURRENT> do\n:prod ->\n<statements>\n<NEW atom> when <VAR atom> in [:dev, :test] ->\n<statements>\nend",
    ),
    (
        2,
        "case <maybe> do\nnil ->\n<statements>\n<NEW text> ->\n<statements>\nend",
    ),
    (
        1,
        "case <any> do\n{:ok, <NEW any>} ->\n<statements>\n<END>_ ->\n:ok\nend",
    ),
    (
        2,
        "cond do\n<boolean> ->\n<statements>\n<maybe> ->\n<statements>\ntrue ->\n<statements>\nend",
    ),
    (
        1,
        "with {:ok, <LATE text>} <- System.fetch_env(\"<SET>\"), <LATE integer> = <integer> do\n<statements>\nend",
    ),
    (
        1,
        "with {:ok, <LATE text>} <- System.fetch_env(\"<UNSET>\") do\n<statements>\nelse\n<END>:error ->\n<statements>\nend",
    ),
    (3, "for <LATE text> <- <texts> do\n<statements>\nend"),
    (
        2,
        "for {<LATE atom>, <LATE integer>} <- [acme_web: 4001, shop_web: 4002] do\nconfig <VAR atom>, <ENDPOINT>, http: [port: <VAR integer>], url: [host: \"#{<VAR atom>}.<DOMAIN>\"]\nend",
    ),
    (
        1,
        "for {<LATE atom>, <LATE integer>} <- [acme_web: 4001, shop_web: 4002], <boolean>, do: config(<VAR atom>, a: <any>)",
    ),
    (
        2,
        "Enum.each([:acme, :acme_web], fn <NEW atom> ->\n<settings>\nconfig <VAR atom>, a: <any>\nend)",
    ),
    (
        2,
        "Enum.map([{:acme_web, AcmeWeb}, {:shop_web, ShopWeb}], fn {<NEW atom>, <NEW atom>} ->\nconfig :acme, Module.concat(<VAR atom>, Endpoint), <keyword>\nend)",
    ),
    (
        1,
        "Enum.each(<integers>, fn <NEW integer> -> config(:acme, :\"k#{<VAR integer>}\", <any>) end)",
    ),
    (
        1,
        "<texts> |> Enum.with_index() |> Enum.each(fn {<NEW text>, <NEW integer>} ->\nconfig :acme, :\"k#{<VAR integer>}\", <any>\nend)",
    ),
    (
        1,
        "Enum.each(<keyword>, fn {<NEW atom>, <NEW any>} -> config :acme, <VAR atom>, <VAR any> end)",
    ),
    (
        1,
        "Enum.reduce(<texts>, 0, fn <NEW text>, <NEW integer> ->\nconfig :acme, list: [<VAR integer>]\n<VAR integer> + 1\nend)",
    ),
    (1, "<any> |> then(&config(:acme, :piped, &1))"),
    (
        1,
        "<keyword> |> then(fn <NEW keyword> -> config(:acme, AcmeWeb.Endpoint, <VAR keyword>) end)",
    ),
    (1, ":acme |> config(:piped, <any>)"),
    (1, "Enum.each([[a: 1], [b: 2]], &config(:acme, &1))"),
    (
        1,
        "f<SEED> = fn <NEW any> -> config(:acme, called: <VAR any>) end\nf<SEED>.(<any>)",
    ),
    (
        1,
        "f<SEED> = fn\n:prod -> <any>\n<NEW atom> when is_atom(<VAR atom>) -> <any>\nend\nconfig :acme, clause: f<SEED>.(<CURRENT>)",
    ),
    (
        1,
        "alias AcmeWeb.Endpoint\nconfig :acme_web, Endpoint, <keyword>",
    ),
    (
        1,
        "alias AcmeWeb.Endpoint, as: Front\nconfig :acme_web, Front, http: [port: <port>]",
    ),
    (
        1,
        "alias AcmeWeb.{Endpoint, Router}\nconfig :acme_web, Endpoint, router: Router, sub: Endpoint.Sub",
    ),
    (1, "alias Elixir.ShopWeb, as: AcmeWeb"),
    (
        1,
        "if <boolean> do\nalias Some.Other, as: ShopWeb\n<statements>\nend",
    ),
    (1, "require Logger"),
    (1, "require Logger, as: L"),
    (1, "import Enum, only: [map: 2]"),
    (1, "System.put_env(\"<UNSET>\", <text>)"),
    (1, "System.put_env(\"<SET>\", \"<WORD>\")"),
    (
        1,
        "System.put_env(%{\"<SET>\" => \"<WORD>\", \"<UNSET>\" => \"x\"})",
    ),
    (1, "System.put_env([{\"<SET>\", \"<WORD>\"}])"),
    (1, "System.delete_env(\"<SET>\")"),
    (
        1,
        "if <boolean> do\nSystem.put_env(\"<SET>\", \"<WORD>\")\nend",
    ),
    (1, "IO.puts(<text>)"),
    (1, "_ = <any>"),
    (1, ":ok"),
    (1, "# a comment\nconfig :acme, commented: <any> # another"),
    (1, "config :acme, one: <any>; config :acme, two: <any>"),
    (1, "(\nconfig :acme, grouped: <any>\n)"),
    (
        1,
        "{<LATE text>, <LATE integer>} = {<text>, <integer>}\nconfig :acme, pattern: [<VAR text>, <VAR integer>]",
    ),
    (
        1,
        "[<LATE text> | <LATE texts>] = [<text>, <text>]\nconfig :acme, <VAR texts> |> Enum.map(&{:x, &1})",
    ),
    (
        1,
        "\"pre\" <> <LATE text> = \"pre<WORD>\"\nconfig :acme, suffix: <VAR text>",
    ),
    (
        1,
        "%{a: <LATE any>} = %{a: <any>, b: 1}\nconfig :acme, from_map: <VAR any>",
    ),
    (
        1,
        "defmodule Made<SEED> do\ndef one, do: <LITERAL>\ndef two(x), do: {x, 2}\nend\nconfig :acme, made: Made<SEED>.one(), other: Made<SEED>.two(1)",
    ),
    (
        1,
        "defmodule Sets<SEED> do\nimport Config\ndef set(x), do: config(:acme, by_module: x)\nend\nSets<SEED>.set(<any>)",
    ),
    (
        1,
        "x<SEED> = 1\nif <boolean> do\nx<SEED> = 2\nconfig :acme, inner: x<SEED>\nend\nconfig :acme, outer: x<SEED>",
    ),
    (
        1,
        "x<SEED> = if <boolean> do\nconfig :acme, in_value: 1\n:set\nend\nconfig :acme, value: x<SEED>",
    ),
    (1, "config :acme, value: (config :acme, nested: 1)"),
    (
        1,
        "config :acme, value: [config(:acme, nested: <any>)] |> is_list()",
    ),
    (1, "try do\n<settings>\nrescue\n_ -> :ok\nend"),
    (1, "try do\n<settings>\nafter\nconfig :acme, after: 1\nend"),
    (3, "?config <APP>, <ENDPOINT>, SomeDep.settings()"),
    (2, "?config <APP>, SomeDep.settings()"),
    (1, "?config SomeDep.app(), a: <any>"),
    (1, "?config <APP>, SomeDep.adapter(), <keyword>"),
    (1, "?SomeDep.run(fn -> config :acme, by_dep: <any> end)"),
    (1, "?SomeDep.run(fn ->\n<settings>\nend)"),
    (
        1,
        "?SomeDep.each(<texts>, fn <NEW text> -> config(:acme, by_each: <VAR text>) end)",
    ),
    (1, "?SomeDep.each(<texts>, &config(:acme, by_capture: &1))"),
    (
        1,
        "?if SomeDep.is_on() do\n<statements>\nelse\n<statements>\nend",
    ),
    (1, "?if SomeDep.is_on() do\n<statements>\nend"),
    (1, "?unless SomeDep.maybe(), do: config(<APP>, a: <any>)"),
    (
        1,
        "?case SomeDep.thing() do\n%{a: _} ->\n<statements>\n_ ->\n<statements>\nend",
    ),
    (
        1,
        "?for <LATE text> <- SomeDep.names() do\n<statements>\nend",
    ),
    (1, "?SomeDep.is_on() && config(<APP>, a: <any>)"),
    (1, "?with true <- SomeDep.is_on() do\n<statements>\nend"),
    (
        1,
        "?SomeDotenv.load()\nconfig :acme, from_dotenv: System.get_env(\"<SET>\")",
    ),
    (
        1,
        "?SomeDep.is_on() |> case do\ntrue ->\n<settings>\n_ ->\n<settings>\nend",
    ),
    (
        1,
        "?x<SEED> = SomeDep.thing()\nconfig :acme, from_variable: x<SEED>",
    ),
    (
        1,
        "?x<SEED> = 1\nif SomeDep.is_on(), do: System.put_env(\"<SET>\", \"changed\")\nconfig :acme, maybe_changed: System.get_env(\"<SET>\"), x: x<SEED>",
    ),
    (1, "?import SomeDep\nconfig :acme, imported: host()"),
    (1, "?use SomeDep\nconfig :acme, after_use: 1"),
    (1, "?Code.eval_string(\"1 + 1\")"),
    (
        1,
        "?receive do\n_ -> config(:acme, received: 1)\nafter\n0 -> config(:acme, timed_out: 1)\nend",
    ),
    (
        1,
        "?apply(SomeDep, :run, [fn -> config(:acme, applied: 1) end])",
    ),
    (1, "?apply(Config, :config, [:acme, [applied: 1]])"),
    (
        1,
        "?Enum.each([:acme], &apply(Config, :config, [&1, [applied: 1]]))",
    ),
    (1, "?g<SEED> = &config/2\ng<SEED>.(:acme, captured: 1)"),
    (
        1,
        "?g<SEED> = &Config.config/3\ng<SEED>.(:acme, :captured, 1)",
    ),
    (1, "?Config.__info__(:functions)"),
    (1, "?Mix.Config.config(:acme, by_mix: 1)"),
    (1, "!config <APP>, <any>"),
    (1, "!config <any>, a: 1"),
    (1, "!config <APP>, <any>, 1"),
    (1, "!import_config \"missing.exs\""),
    (1, "!import_config \"*.none\""),
    (1, "!import_config <text>"),
    (1, "!if <boolean>, do: raise(\"not here\")"),
    (
        1,
        "!System.get_env(\"<UNSET>\") || raise \"environment variable <UNSET> is missing.\"",
    ),
    (1, "!raise \"stop\""),
    (
        1,
        "!{:ok, <LATE any>} = <any>\nconfig :acme, matched: <VAR any>",
    ),
    (1, "!undefined_here()"),
    (1, "!undefined_variable"),
    (1, "!case <any> do\n:never -> 1\nend"),
    (1, "!with {:ok, _} <- :no do\n1\nelse\n:other -> 2\nend"),
    (1, "!(fn 1 -> 1 end).(<any>)"),
    (1, "!System.put_env(\"<SET>\", <any>)"),
    (1, "!System.get_env(<any>)"),
    (
        1,
        "?SomeDep.each([:acme], &Config.config(&1, [applied: 1]))",
    ),
    (1, "?SomeDep.call(&config/2, [:acme, [captured: 1]])"),
    (1, "?SomeDep.call(&Config.config/3, [:acme, :captured, 1])"),
    (
        1,
        "?apply(SomeDep.config(), :config, [:acme, [applied: 1]])",
    ),
    (1, "?SomeDep.config().config(:acme, computed: 1)"),
    (
        1,
        "apply(fn <NEW any> -> config(:acme, applied: <VAR any>) end, [<any>])",
    ),
    (1, "!config :acme"),
];
