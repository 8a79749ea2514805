//! A line for each function: what `elixir -e` prints, too.

use crate::{Setting, fixture::Tree};

#[track_caller]
fn check(expression: &str, expected: &str) {
    let script = format!("import Config\nconfig :a, v: ({expression})");
    let config = Tree::of(&[("config/config.exs", &script)]).evaluate("dev");
    let found = match config.get("a", &["v"]) {
        Setting::Known(term, _) => term.to_string(),
        Setting::Unknown { why, .. } => format!("? {why}"),
        Setting::Absent => format!("absent: {:?}", config.findings()),
    };
    assert_eq!(found, expected, "{expression}");
}

#[test]
fn strings() {
    check("String.trim(\" a \")", "\"a\"");
    check("String.split(\"a,b\", \",\")", "[\"a\", \"b\"]");
    check("String.split(\" a  b \")", "[\"a\", \"b\"]");
    check(
        "String.split(\",a,,b\", \",\", trim: true)",
        "[\"a\", \"b\"]",
    );
    check(
        "String.split(\"a,b,c\", \",\", parts: 2)",
        "[\"a\", \"b,c\"]",
    );
    check(
        "String.split(\"a.b-c.-d\", [\".\", \"-\", \".-\"])",
        "[\"a\", \"b\", \"c\", \"d\"]",
    );
    check(
        "String.split(\"a,b\", \",\", trim: true, parts: 2)",
        "? String.split/3 is not evaluated",
    );
    check("String.split(\"\\u00A0x\\u2003y\")", "[\"\u{a0}x\", \"y\"]");
    check("String.trim(\"..a.\", \".\")", "\"a\"");
    check("String.trim_leading(\"abab!ab\", \"ab\")", "\"!ab\"");
    check("String.capitalize(\"aBC d\")", "\"Abc d\"");
    check("String.reverse(\"abc\")", "\"cba\"");
    check(
        "String.reverse(\"a\\r\\n\")",
        "? String.reverse/1 is not evaluated",
    );
    check("String.length(\"é\")", "? String.length/1 is not evaluated");
    check("String.slice(\"abc\", 1, 9)", "\"bc\"");
    check("String.slice(\"abc\", 5, 2)", "\"\"");
    check("String.duplicate(\"ab\", 3)", "\"ababab\"");
    check(
        "String.duplicate(\"ab\", 9_000_000_000)",
        "? String.duplicate/2 is not evaluated",
    );
    check(
        "String.replace(\"aa\", \"a\", \"b\", global: false)",
        "\"ba\"",
    );
    check("String.replace_prefix(\"acme\", \"\", \"x\")", "\"xacme\"");
    check("String.replace_suffix(\"acme\", \"me\", \"\")", "\"ac\"");
    check("String.contains?(\"abc\", [\"x\", \"b\"])", "true");
    check("String.to_integer(\"+ff\", 16)", "255");
    check(
        "String.to_float(\".5\")",
        "? Elixir refuses String.to_float/1 here",
    );
    check("String.to_float(\"-1.0e5\")", "-100000.0");
    check("String.to_existing_atom(\"true\")", "true");
    check(
        "String.to_existing_atom(\"what\")",
        "? String.to_existing_atom/1 is not evaluated",
    );
    check("\"acme\" =~ \"cm\"", "true");
    check(
        "String.upcase(\"aé\")",
        "? String.upcase/1 is not evaluated",
    );
}

#[test]
fn texts_become_other_values() {
    check("String.to_integer(\"-12\")", "-12");
    check("String.to_integer(\"0012\")", "12");
    check(
        "String.to_integer(\"1_000\")",
        "? Elixir refuses String.to_integer/1 here",
    );
    check(
        "String.to_integer(\" 1\")",
        "? Elixir refuses String.to_integer/1 here",
    );
    check(
        "String.to_integer(\"99999999999999999999\")",
        "? String.to_integer/1 is not evaluated",
    );
    check("String.to_atom(\"a b\")", ":\"a b\"");
    check("String.to_charlist(\"ab\")", "~c\"ab\"");
    check("String.replace(\"a_b_c\", \"_\", \"-\")", "\"a-b-c\"");
    check("String.contains?(\"abc\", \"b\")", "true");
    check("String.starts_with?(\"abc\", \"b\")", "false");
    check("to_string([97, 98])", "\"ab\"");
    check("to_string(nil)", "\"\"");
    check("\"#{Foo.Bar}\"", "\"Elixir.Foo.Bar\"");
    check("\"#{1.5}\"", "? to_string/1 is not evaluated");
    check("\"#{{1}}\"", "? Elixir refuses to_string/1 here");
}

#[test]
fn conversions() {
    check("Integer.parse(\"12ab\")", "{12, \"ab\"}");
    check("Integer.parse(\"-3\")", "{-3, \"\"}");
    check("Integer.parse(\"x\")", ":error");
    check("Integer.parse(\"\")", ":error");
    check("Integer.to_string(7)", "\"7\"");
    check("Atom.to_string(:a)", "\"a\"");
    check("List.wrap(nil)", "[]");
    check("List.flatten([1, [2, [3]], []])", "[1, 2, 3]");
    check("List.last([1, 2])", "2");
    check("List.first([])", "nil");
    check("List.to_tuple([1, 2])", "{1, 2}");
    check("Tuple.to_list({1, 2})", "[1, 2]");
    check(
        "Module.concat([:Acme, nil, \"\", \"Elixir.X\"])",
        ":\"Elixir.Acme..X\"",
    );
    check(
        "Module.concat([\".A\", \"B.\", Elixir])",
        ":\"Elixir.A.B..Elixir\"",
    );
    check(
        "Module.concat(\"acme\", \"Elixir\")",
        ":\"Elixir.acme.Elixir\"",
    );
    check("byte_size(\"é\")", "2");
    check("tuple_size({1, 2})", "2");
    check("map_size(%{a: 1})", "1");
    check("abs(-1)", "1");
    check("List.wrap([1])", "[1]");
    check("List.wrap(1)", "[1]");
    check("Module.concat(Foo, Bar)", "Foo.Bar");
    check("Module.concat([\"Foo\", :Bar, Baz.Qux])", "Foo.Bar.Baz.Qux");
    check("to_charlist(\"ab\")", "~c\"ab\"");
}

#[test]
fn casing() {
    check("Macro.camelize(\"acme_web\")", "\"AcmeWeb\"");
    check("Macro.camelize(\"_a__b/_c_1_\")", "\"AB.C1\"");
    check("Macro.camelize(\"ACME_WEB a_É\")", "\"ACME_WEB a_É\"");
    check("Macro.camelize(\"a_\\xFF\")", "<<65, 95, 255>>");
    check("Macro.camelize(\"\")", "\"\"");
    check(
        "Macro.camelize(:acme)",
        "? Elixir refuses Macro.camelize/1 here",
    );
    check(
        "Macro.underscore(AcmeWeb.HTTPServer)",
        "\"acme_web/http_server\"",
    );
    check("Macro.underscore(\"SSL2Go.A_B\")", "\"ssl2_go/a_b\"");
    check("Macro.underscore(:\"Elixir.\")", "\"\"");
    check(
        "Macro.underscore(:acme)",
        "? Elixir refuses Macro.underscore/1 here",
    );
    check(
        "Module.concat(Macro.camelize(\"shop_web\"), \"Endpoint\")",
        "ShopWeb.Endpoint",
    );
    check(
        "Macro.to_string(:a)",
        "? Macro.to_string/1 is not evaluated",
    );
}

#[test]
fn times() {
    check(":timer.seconds(90)", "90000");
    check(":timer.minutes(-2)", "-120000");
    check(":timer.hours(1)", "3600000");
    check(":timer.seconds(1.5)", "? :timer.seconds/1 is not evaluated");
    check(":timer.sleep(1)", "? :timer.sleep/1 is not evaluated");
}

#[test]
fn lists_and_maps() {
    check("Enum.join([1, :a, \"b\"], \"-\")", "\"1-a-b\"");
    check("Enum.concat([[1], [2]])", "[1, 2]");
    check("Enum.reverse([1, 2])", "[2, 1]");
    check("Enum.at([1, 2], -1)", "2");
    check("Enum.at([1, 2], 5)", "nil");
    check("Enum.with_index([:a, :b])", "[a: 0, b: 1]");
    check("Enum.into([a: 1], %{b: 2})", "%{b: 2, a: 1}");
    check("Enum.find([1, 2], &(&1 > 1))", "2");
    check("Enum.any?([1, 2], &(&1 > 1))", "true");
    check("Enum.all?([1, 2], &(&1 > 1))", "false");
    check("Enum.sort([2, 1])", "[1, 2]");
    check("Enum.sort([\"b\", \"a\"], :desc)", "[\"b\", \"a\"]");
    check("Enum.sort([2, :a])", "? Enum.sort/1 is not evaluated");
    check("Enum.find([1], 2, &(&1 > 1))", "2");
    check(
        "Enum.find([nil], 2, &is_nil/1)",
        "? Enum.find/3 is not evaluated",
    );
    check("Enum.map_join([1, 2], \"-\", &(&1 + 1))", "\"2-3\"");
    check("Enum.uniq([1, 1.0, 1])", "[1, 1.0]");
    check("Enum.take([1, 2], 5)", "[1, 2]");
    check("Enum.drop([1, 2], 1)", "[2]");
    check("Enum.sum([1, 2])", "3");
    check("Enum.zip([:a, :b], [1])", "[a: 1]");
    check("Enum.max([1, 3, 2])", "3");
    check("Enum.count(%{b: 1, a: 2})", "2");
    check("Keyword.new([{:a, 1}, {:b, 2}, {:a, 3}])", "[b: 2, a: 3]");
    check("Keyword.take([a: 1, b: 2, a: 3], [:a])", "[a: 1, a: 3]");
    check("Keyword.delete([a: 1, b: 2, a: 3], :a)", "[b: 2]");
    check("Keyword.put_new([b: 2], :a, 1)", "[a: 1, b: 2]");
    check("Keyword.fetch([a: 1], :a)", "{:ok, 1}");
    check("Keyword.keys([a: 1, b: 2, a: 3])", "[:a, :b, :a]");
    check("Map.take(%{a: 1, b: 2}, [:a, :c])", "%{a: 1}");
    check("Map.new([a: 1])", "%{a: 1}");
    check("%{a: 1}.b", "? Elixir refuses a map without b here");
    check("Enum.to_list(%{2 => :b, 1 => :a})", "[{1, :a}, {2, :b}]");
    check(
        "Enum.to_list(%{b: 1, a: 2})",
        "? Enum.to_list/1 is not evaluated",
    );
    check("Enum.to_list(1..3)", "[1, 2, 3]");
    check("Enum.to_list(4..1)", "[4, 3, 2, 1]");
    check("Enum.to_list(1..10//3)", "[1, 4, 7, 10]");
    check("Enum.to_list(1..2//-3)", "[]");
    check("1..3", "%{__struct__: Range, first: 1, last: 3, step: 1}");
    check("9_000_000_000 in 1..9_000_000_001", "true");
    check("4 in 1..10//3", "true");
    check("2.0 in 1..3", "false");
    check("(1..3)[:first]", "? Elixir refuses this access here");
    check(
        "Enum.map(1..9_000_000_000, & &1)",
        "? Enum.map/2 is not evaluated",
    );
}

#[test]
fn keyword_lists_and_maps() {
    check("Keyword.put([a: 1, b: 2, a: 3], :a, 4)", "[a: 4, b: 2]");
    check(
        "Keyword.merge([a: 1, b: 2], b: 3, c: 4)",
        "[a: 1, b: 3, c: 4]",
    );
    check("Keyword.get([a: nil], :a, 1)", "nil");
    check(
        "Keyword.fetch!([a: 1], :b)",
        "? Elixir refuses Keyword.fetch!/2 here",
    );
    check("Map.get(%{\"a\" => 1}, \"a\")", "1");
    check("Map.put(%{a: 1}, :a, 2)", "%{a: 2}");
    check("%{a: %{b: 1}}.a.b", "1");
    check("[a: [b: 1]][:a][:b]", "1");
    check("nil[:a]", "nil");
    check("hd([1, 2])", "1");
    check("tl([1, 2])", "[2]");
    check("hd([])", "? Elixir refuses hd/1 here");
    check("elem({1, 2}, 1)", "2");
    check("length([1, 2])", "2");
}

#[test]
fn operators() {
    check("1 == 1.0", "true");
    check("1 === 1.0", "false");
    check("[1, {2}] != [1, {3}]", "true");
    check("%{a: 1, b: 2} == %{b: 2, a: 1}", "true");
    check("1 in [1.0]", "false");
    check("1 not in [2]", "true");
    check("nil || false || 1", "1");
    check("1 && nil && 2", "nil");
    check("not true", "false");
    check("not nil", "? Elixir refuses not here");
    check("1 and true", "? Elixir refuses and here");
    check("true and 1", "1");
    check("match?({:ok, _}, {:ok, 1})", "true");
    check("match?(%{a: x}, %{a: 1, b: 2})", "true");
    check("match?(%{c: _}, %{a: 1})", "false");
    check("match?([a: _], ~r/a/)", "false");
    check(
        "is_list(config(:a, x: 1))",
        "? it holds what `config` returns",
    );
    check("!nil", "true");
    check("2 * 3 - 4", "2");
    check("10 / 2", "? / is not evaluated");
    check("div(7, 2)", "3");
    check("rem(-7, 2)", "-1");
    check("max(1, 2)", "2");
    check("9223372036854775807 + 1", "? + is not evaluated");
    check("[1] ++ [2]", "[1, 2]");
    check("\"a\" <> \"b\"", "\"ab\"");
    check("[1] -- [1]", "? -- is not evaluated");
    check("\"a\" < \"b\"", "true");
    check("1 < :a", "? < is not evaluated");
}

#[test]
fn paths() {
    check("__DIR__", "\"/project/config\"");
    check("Path.expand(\"../x\", __DIR__)", "\"/project/x\"");
    check("Path.expand(\"x/./y/../z\")", "\"/project/x/z\"");
    check(
        "Path.expand(\"~/x\")",
        "? a path in the home folder is not known",
    );
    check("Path.join(\"a/\", \"/b\")", "\"a/b\"");
    check("Path.join([\"a\", \"b\", \"c/\"])", "\"a/b/c\"");
    check("Path.join(\"/\", \"b\")", "\"/b\"");
    check("Path.join(\"\", \"b\")", "\"b\"");
    check("Path.join(\"a\", \"/\")", "? Path.join/2 is not evaluated");
    check(
        "Path.join(\"a\", \"./b//c/\")",
        "? Path.join/2 is not evaluated",
    );
    check("Path.join([\"a\", 1])", "? Elixir refuses Path.join/1 here");
    check(
        "Path.basename(\"a/b.exs/\", \".exs\")",
        "? Path.basename/2 is not evaluated",
    );
    check("Path.basename(\"a/b/\")", "\"b\"");
    check("Path.extname(\"a/b.tar.gz\")", "\".gz\"");
    check("Path.rootname(\"a/b.exs\")", "\"a/b\"");
    check(
        "Path.rootname(\".exs\")",
        "? Path.rootname/1 is not evaluated",
    );
    check("Path.basename(\"a/b.exs\", \".exs\")", "\"b\"");
    check("Path.dirname(\"a/b\")", "\"a\"");
    check("Path.dirname(\"a\")", "\".\"");
    check("File.exists?(\"config\")", "true");
    check("File.regular?(\"config\")", "false");
    check("File.dir?(\"config\")", "true");
    check("File.exists?(\"none\")", "false");
    check("Path.wildcard(\"config/*.exs\")", "[\"config/config.exs\"]");
}

#[test]
fn uris() {
    check(
        "URI.parse(\"https://u:p@shop.test:8443/a/b?q=1#f\")",
        "%{__struct__: URI, authority: \"u:p@shop.test:8443\", fragment: \"f\", host: \"shop.test\", \
         path: \"/a/b\", port: 8443, query: \"q=1\", scheme: \"https\", userinfo: \"u:p\"}",
    );
    check("URI.parse(\"HTTP://A.Test\").port", "80");
    check("URI.parse(\"shop.test\").host", "nil");
    check("URI.parse(\"localhost:4000\").scheme", "\"localhost\"");
    check("URI.parse(\"postgres://u:p@h/db\").port", "nil");
    check("URI.parse(\"http://a.test:\").port", "80");
    check("URI.parse(\"http://\").host", "\"\"");
    check(
        "URI.parse(\"http://[::1]:4000/x\")",
        "? URI.parse/1 is not evaluated",
    );
    check("\"#{URI.parse(\"a\")}\"", "? to_string/1 is not evaluated");
}
