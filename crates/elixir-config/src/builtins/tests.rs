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
        "String.split(\"a,b\", \",\", trim: true)",
        "? String.split/3 is not evaluated",
    );
    check(
        "String.upcase(\"aé\")",
        "? String.upcase/1 is not evaluated",
    );
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
    check("List.wrap([1])", "[1]");
    check("List.wrap(1)", "[1]");
    check("Module.concat(Foo, Bar)", "Foo.Bar");
    check("Module.concat([\"Foo\", :Bar, Baz.Qux])", "Foo.Bar.Baz.Qux");
    check("to_charlist(\"ab\")", "~c\"ab\"");
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
    check("Enum.sort([2, 1])", "? Enum.sort/1 is not evaluated");
    check("Enum.to_list(%{2 => :b, 1 => :a})", "[{1, :a}, {2, :b}]");
    check(
        "Enum.to_list(%{b: 1, a: 2})",
        "? Enum.to_list/1 is not evaluated",
    );
    check("Enum.to_list(1..3)", "[1, 2, 3]");
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
    check("Path.basename(\"a/b.exs\", \".exs\")", "\"b\"");
    check("Path.dirname(\"a/b\")", "\"a\"");
    check("Path.dirname(\"a\")", "\".\"");
    check("File.exists?(\"config\")", "true");
    check("File.regular?(\"config\")", "false");
    check("File.dir?(\"config\")", "true");
    check("File.exists?(\"none\")", "false");
    check("Path.wildcard(\"config/*.exs\")", "[\"config/config.exs\"]");
}
