//! What a hostile configuration may cost.

use super::super::{Bounds, evaluate_within};
use crate::{Setting, fixture::Tree};

/// Less than a real evaluation may do, so that a test takes a second or two. What costs more than
/// it is charged for takes minutes nevertheless.
const FEW: Bounds = Bounds {
    steps: 100_000,
    text_bytes: 1 << 18,
};

#[track_caller]
fn check(script: &str, message: &str) {
    check_within(Bounds::default(), script, message);
}

#[track_caller]
fn check_within(bounds: Bounds, script: &str, message: &str) {
    let script = format!("import Config\n{script}");
    let tree = Tree::of(&[("config/config.exs", &script)]);
    let config = evaluate_within(&tree, &tree.script("dev"), bounds);
    let broken = config.broken().expect("a bound is reached");
    assert_eq!(
        (broken.code, &*broken.message),
        ("config-too-large", message)
    );
}

#[test]
fn text_nests_and_values_nest_to_a_depth() {
    check(
        &format!("config :a, b: {}1{}", "[".repeat(200), "]".repeat(200)),
        "expressions nest deeper than 100",
    );
    check(
        &format!("x = []\n{}", "x = [x]\n".repeat(200)),
        "a value nests too deeply",
    );
    check(
        &format!("f = 1\n{}", "f = fn -> f end\n".repeat(200)),
        "functions nest too deeply",
    );
    check(
        "f = fn f -> f.(f) end\nf.(f)",
        "the configuration recurses too deeply",
    );
}

#[test]
fn work_and_text_are_bounded() {
    check(
        &format!("x = [1]\n{}", "x = [x, x]\n".repeat(40)),
        "the configuration takes too many steps",
    );
    check_within(
        FEW,
        "for a <- 1..9999, b <- 1..9999, do: {a, b}",
        "the configuration takes too many steps",
    );
    check_within(
        FEW,
        &format!("x = \"aaaa\"\n{}", "x = x <> x\n".repeat(40)),
        "the configuration builds too much text",
    );
    let calls = "f0 = fn -> 1 end\n".to_owned()
        + &(0..25)
            .map(|n| format!("f{} = fn -> {{f{n}.(), f{n}.()}} end\n", n + 1))
            .collect::<String>();
    check_within(
        FEW,
        &format!("{calls}f25.()"),
        "the configuration takes too many steps",
    );
    check_within(
        FEW,
        &format!("{calls}foo(f25)"),
        "the configuration takes too many steps",
    );
}

#[test]
fn files_are_bounded() {
    check(
        &"# much\n".repeat(200_000),
        "the file is larger than 1048576 bytes",
    );
    let import = |n: usize| {
        (
            format!("config/{n}.exs"),
            format!("import Config\nimport_config \"{}.exs\"", n + 1),
        )
    };
    let mut tree = Tree::of(&[(
        "config/config.exs",
        "import Config\nimport_config \"0.exs\"",
    )]);
    tree.files.extend((0..25).map(import));
    let config = tree.evaluate("dev");
    assert_eq!(
        config.broken().map(|it| &*it.message),
        Some("the configuration imports too many files")
    );
}

#[test]
fn nesting_at_its_limit_is_evaluated_and_dropped() {
    let script = format!(
        "import Config\nconfig :a, b: {}1{}",
        "[".repeat(90),
        "]".repeat(90)
    );
    assert!(
        Tree::of(&[("config/config.exs", &script)])
            .evaluate("dev")
            .broken()
            .is_none()
    );
}

#[test]
fn loops_are_bounded() {
    let steps = "the configuration takes too many steps";
    check_within(FEW, "for a <- 1..9999, b <- 1..9999, do: {a, b}", steps);
    check_within(
        FEW,
        "Enum.each(1..9999, fn _ -> Enum.each(1..9999, fn x -> x end) end)",
        steps,
    );
    check_within(
        FEW,
        "Enum.reduce(1..9999, [], fn x, all -> all ++ [x] end)",
        steps,
    );
    check_within(FEW, "for a <- 1..9999, into: %{}, do: {a, a}", steps);
    check_within(
        FEW,
        "for a <- 1..9999, b <- 1..999, do: System.get_env(\"X\") || raise(\"Y\")",
        steps,
    );
    check_within(FEW, "for a <- 1..9999, do: File.exists?(\"#{a}\")", steps);
    check_within(
        FEW,
        "for a <- 1..9999, do: Path.wildcard(\"#{a}/*\")",
        steps,
    );
    check_within(
        FEW,
        "for a <- 1..9999, b <- 1..999, do: System.put_env(\"#{a}#{b}\", \"x\")",
        steps,
    );
}

#[test]
fn many_keys_are_bounded() {
    let many =
        |range: std::ops::Range<u32>| range.map(|n| format!("k{n}: 1, ")).collect::<String>();
    let merged = format!(
        "x = [{} z: 1]\nfor _ <- 1..9999, do: config(:a, E, x)",
        many(0..3_000)
    );
    check_within(FEW, &merged, "the configuration takes too many steps");
    let one_by_one = format!(
        "config :a, E, [{} z: 1]\nfor _ <- 1..9999, _ <- 1..999, do: config(:a, E, z: 2)",
        many(0..3_000)
    );
    check_within(FEW, &one_by_one, "the configuration takes too many steps");
    let joined = format!(
        "config :a, E, [{} z: 1]\nfor _ <- 1..9999, do: if(foo(), do: config(:a, E, z: 2))",
        many(0..3_000)
    );
    check_within(FEW, &joined, "the configuration takes too many steps");
    let maps = format!(
        "x = %{{{} z: 1}}\nfor _ <- 1..9999, do: x == Map.merge(x, x)",
        many(0..3_000)
    );
    check_within(FEW, &maps, "the configuration takes too many steps");
}

#[test]
fn functions_are_bounded() {
    let steps = "the configuration takes too many steps";
    let body = "x = 1\n".repeat(5_000);
    check_within(
        FEW,
        &format!("for _ <- 1..9999, _ <- 1..99, do: fn ->\n{body}end"),
        steps,
    );
    let nothing = "1, ".repeat(5_000);
    check_within(
        FEW,
        &format!("for _ <- 1..9999, do: if(true, do: raise([{nothing} 1]))"),
        steps,
    );
}

#[test]
fn a_file_that_may_be_imported_often_is_bounded() {
    let much = format!("import Config\n{}", "# much\n".repeat(5_000));
    let script = "import Config\nfor _ <- 1..999, do: if(foo(), do: import_config(\"x.exs\"))";
    let tree = Tree::of(&[("config/config.exs", script), ("config/x.exs", &much)]);
    let config = evaluate_within(&tree, &tree.script("dev"), FEW);
    assert_eq!(
        config.broken().map(|it| &*it.message),
        Some("the configuration builds too much text")
    );
}

#[test]
fn what_multiplies_is_not_evaluated() {
    let check = |expression: &str| {
        let script = format!("import Config\nconfig :a, v: {expression}");
        let config = Tree::of(&[("config/config.exs", &script)]).evaluate("dev");
        let is_unknown = matches!(config.get("a", &["v"]), Setting::Unknown { .. });
        assert!(is_unknown && config.broken().is_none(), "{expression}");
        assert_eq!(config.findings().len(), 1, "{expression}");
    };
    check("Enum.to_list(1..9_000_000_000_000)");
    check("Enum.map(-9_223_372_036_854_775_807..9_223_372_036_854_775_807, & &1)");
    check("for x <- 1..9_000_000_000, do: x");
    check("String.duplicate(\"x\", 9_000_000_000)");
    check("List.duplicate(1, 9_000_000_000)");
    check("List.duplicate(Enum.to_list(1..5000), 5000)");
    check("Enum.with_index([1, 2], 9_223_372_036_854_775_807)");
    check("Enum.sum([9_223_372_036_854_775_807, 1])");
    check("Enum.uniq(Enum.to_list(1..5000))");
}
