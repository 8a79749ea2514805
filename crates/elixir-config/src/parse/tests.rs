#![expect(
    clippy::needless_pass_by_value,
    reason = "a check takes its `expect!` as it is written"
)]

use expect_test::{Expect, expect};

use super::{Malformed, parse, parse_script};
use crate::syntax::{AMBIGUOUS, Expr, Node, Piece};

/// The tree of the last statement, in brief.
fn check(text: &str, expected: Expect) {
    let statements = parse(text).unwrap_or_else(|error| panic!("{error:?}"));
    expected.assert_eq(&brief(statements.last().expect("a statement")));
}

fn check_error(text: &str, line: u32, message: &str) {
    let error = parse(text).expect_err("does not parse");
    let expected = Malformed {
        line,
        message: message.to_owned(),
        reason: super::Reason::Refused,
    };
    assert_eq!(error, expected);
}

fn brief(expr: &Expr) -> String {
    let all = |exprs: &[Expr]| exprs.iter().map(brief).collect::<Vec<_>>().join(" ");
    let pieces = |pieces: &[Piece]| {
        let piece = |piece: &Piece| match piece {
            Piece::Literal(text) => format!("{:?}", String::from_utf8_lossy(text)),
            Piece::Interpolation(inner) => format!("#{}", brief(inner)),
        };
        pieces.iter().map(piece).collect::<Vec<_>>().join("")
    };
    let clauses = |clauses: &[crate::syntax::Clause]| {
        let clause = |it: &crate::syntax::Clause| {
            let guard = it
                .guard
                .as_ref()
                .map_or(String::new(), |it| format!(" when {}", brief(it)));
            format!("{}{guard} -> {}", all(&it.patterns), brief(&it.body))
        };
        clauses.iter().map(clause).collect::<Vec<_>>().join("; ")
    };
    match &expr.node {
        Node::Atom(name) => format!(":{name}"),
        Node::Integer(number) => number.to_string(),
        Node::Float(number) => format!("{number:?}"),
        Node::Text(text) => pieces(text),
        Node::Charlist(text) => format!("charlist({})", pieces(text)),
        Node::QuotedAtom(text) => format!("atom({})", pieces(text)),
        Node::Words(text, modifier) => format!("words({}, {modifier})", pieces(text)),
        Node::List(parts) => format!("[{}]", all(parts)),
        Node::Cons(parts, tail) => format!("[{} | {}]", all(parts), brief(tail)),
        Node::Tuple(parts) => format!("{{{}}}@{}", all(parts), expr.line),
        Node::Map(pairs) => {
            let pair = |(key, value): &(Expr, Expr)| format!("{}=>{}", brief(key), brief(value));
            format!(
                "%{{{}}}",
                pairs.iter().map(pair).collect::<Vec<_>>().join(" ")
            )
        }
        Node::Alias(name) => format!("alias({name})"),
        Node::Variable(name) => name.to_string(),
        Node::Local(name, parts) => format!("{name}({})", all(parts)),
        Node::Remote(owner, name, parts) => format!("{}.{name}({})", brief(owner), all(parts)),
        Node::Apply(function, parts) => format!("{}.({})", brief(function), all(parts)),
        Node::Access(owner, key) => format!("{}[{}]", brief(owner), brief(key)),
        Node::Unary(operator, part) => format!("({operator} {})", brief(part)),
        Node::Binary(operator, left, right) => {
            format!("({} {operator} {})", brief(left), brief(right))
        }
        Node::Function(parts) => format!("fn({})", clauses(parts)),
        Node::Clauses(parts) => format!("clauses({})", clauses(parts)),
        Node::Capture(part) => format!("&({})", brief(part)),
        Node::Placeholder(number) => format!("&{number}"),
        Node::Block(parts) => format!("({})", all(parts)),
        Node::Group(prefix, parts) => format!("{prefix}.{{{}}}", all(parts)),
        Node::Opaque(what) => format!("opaque({what})"),
        Node::Foreign(what, parts) => format!("foreign({what}: {})", all(parts)),
    }
}

#[test]
fn blocks_are_keyword_arguments() {
    let block = expect!["if(x [{:do (1)}@1 {:else (2 3)}@3])"];
    check("if x do\n  1\nelse\n  2\n  3\nend", block);
    check(
        "if(x, do: 1, else: 2)",
        expect!["if(x [{:do 1}@1 {:else 2}@1])"],
    );
    check(
        "for x <- y, into: %{} do\n x\nend",
        expect!["for((x <- y) [{:into %{}}@1] [{:do (x)}@1])"],
    );
    check(
        "case x do\n  {:ok, v} when v > 1 -> v\n  _ -> nil\nend",
        expect!["case(x [{:do clauses({:ok v}@2 when (v > 1) -> (v); _ -> (:nil))}@1])"],
    );
}

#[test]
fn keywords_are_pairs_on_their_own_lines() {
    check(
        "config :a, B,\n  url: [host: \"x\"],\n  \"q r\": 1",
        expect![[r#"config(:a alias(B) [{:url [{:host "x"}@2]}@2 {atom("q r") 1}@3])"#]],
    );
    check("[1, a: 2]", expect!["[1 {:a 2}@1]"]);
}

#[test]
fn parentheses_are_no_operands() {
    check("-(1)", expect!["(- (1))"]);
    check("not(a in b)", expect!["(not ((a in b)))"]);
    check("&(&1 + 1)", expect!["&((&1 + 1))"]);
    check("!(x)", expect!["(! (x))"]);
}

#[test]
fn calls_have_names_functions_or_values_before_them() {
    check("Foo.bar 1", expect!["alias(Foo).bar(1)"]);
    check("f.(1)", expect!["f.(1)"]);
    check("x.y.z", expect!["x.y().z()"]);
    check(":erlang.node()", expect![":erlang.node()"]);
    check(
        "System.get_env()[\"A\"]",
        expect![[r#"alias(System).get_env()["A"]"#]],
    );
    check(
        "f(1)(2)",
        expect!["foreign(a call of a call's result: 2 f(1))"],
    );
    check(
        "Foo.\"bar\"(1)",
        expect!["foreign(a call by a quoted name: 1 alias(Foo))"],
    );
}

#[test]
fn texts_have_pieces() {
    check(
        r#""a#{b}\n\x41\u00e9\u{1F600}\q""#,
        expect![[r##""a"#(b)"\nAé😀q""##]],
    );
    check(
        "\"\"\"\n    a\n      b \\\n    c#{d}\n  e\n    \"\"\"",
        expect![[r##""a\n  b c"#(d)"\ne\n""##]],
    );
    check("~S(a\\n#{b})", expect![[r#""a\\n#{b}""#]]);
    check("~w(a b)a", expect![[r#"words("a b", a)"#]]);
    check("~r/a/u", expect!["opaque(a regular expression)"]);
    check("'a#{b}'", expect![[r##"charlist("a"#(b))"##]]);
    check(":\"a b\"", expect![[r#"atom("a b")"#]]);
    check("~x(a)", expect!["foreign(a sigil: )"]);
}

#[test]
fn numbers_are_small_or_foreign() {
    check(
        "[0x1F, 0b11, 0o7, 1_0, -1, ?a, ?\\n, ?\\s, 1.5e3]",
        expect!["[31 3 7 10 -1 97 10 32 1500.0]"],
    );
    check("99999999999999999999", expect!["foreign(a huge integer: )"]);
}

#[test]
fn what_is_foreign_keeps_its_parts() {
    check(
        "%Foo{a: config(:x, 1)}",
        expect![
            "foreign(a struct: foreign(an unusual construct: alias(Foo)) foreign(an unusual construct: [{:a config(:x 1)}@1]))"
        ],
    );
    check(
        "%{m | a: 1}",
        expect!["foreign(a map update: (m | [{:a 1}@1]))"],
    );
    check(
        "<<config(:x, 1)>>",
        expect!["foreign(a bitstring: config(:x 1))"],
    );
    check(
        "@x config(:y, 1)",
        expect!["foreign(a module attribute: x(config(:y 1)))"],
    );
}

#[test]
fn errors_name_the_line_to_look_at() {
    check_error(
        "a = 1\nb = [1,\n",
        2,
        "syntax error: something is missing here",
    );
    check_error(
        "config :a,\n  b:\n",
        2,
        "syntax error: something is missing here",
    );
    check_error("a\n)\n", 2, "syntax error near `)`");
    check_error(
        "if x do\n  1\n",
        2,
        "syntax error: something is missing here",
    );
    check_error("[a,\n:b.C]", 2, "syntax error near `:b.C`");
    check_error("%{a: 1, \"b\" => 2}", 1, "syntax error near `\"b\" => 2`");
}

#[test]
fn keywords_at_the_end_of_a_tuple_are_one_list() {
    check(
        "{\"a\", b: 1, c: 2}",
        expect![[r#"{"a" [{:b 1}@1 {:c 2}@1]}@1"#]],
    );
    check("[:a, b: 1, c: 2]", expect!["[:a {:b 1}@1 {:c 2}@1]"]);
}

#[test]
fn lines_are_read_as_elixir_does_or_not_at_all() {
    // The line from which on the statements are not read.
    let check = |text: &str, expected: Option<u32>| {
        let statements = parse_script(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let doubtful = statements
            .iter()
            .find(|it| matches!(it.node, Node::Foreign(AMBIGUOUS, _)));
        assert_eq!(doubtful.map(|it| it.line), expected, "{text}");
        assert!(parse(text).is_ok(), "{text}");
    };
    let in_cond = |clauses: &str| format!("cond do\n1 ->\n{clauses}\n2\nend\nx");
    check("a\n..\nb", None);
    check("a \\\n+ b", Some(1));
    // These are clear: the grammar takes them as Elixir does.
    check(&in_cond("v\n(x) ->"), None);
    check(&in_cond("~w|a b|\ntrue ->"), None);
    check(&in_cond("v\n[x] ->"), None);
    check(&in_cond("v\nx ->"), None);
    check(&in_cond("v;\n(x) ->"), None);
    check(&in_cond("f(v)\nx and\ny\n|> z() ->"), None);
    check("fn\n# comment\n:a -> 1\n\n:b ->\n2\nend", None);
    check("if a do\nelse\nend", None);
    check("cond do\na ->\nend", None);
    check("try do\n1\nrescue\n_ -> 2\nafter\n3\nend", None);
    check("(\na\nb\n)", None);
    check("a =\n  b\n  |> c()\n  <> \"d\"\n\n\n-1\n", None);
    check("a\nnot b\n!c\n&d/1\n@e", None);
    check("config :a,\n  \"b\":\n    1,\n  c:\n    2", None);
    check(
        "f(\n  1,\n  %{\n  a: 1\n  },\n  [\n  1 |\n  x\n  ]\n)",
        None,
    );
    check("~w(\n a\n #{b}\n)a\n\"\"\"\n#{c}\n\n\"\"\"", None);
    check("a; b;\nc\n", None);
    check("A.\n  b()\nC\n  .D.e", None);
}

#[test]
fn a_module_may_have_its_dots_on_any_line() {
    check("A.B\n  .C . D", expect!["alias(A.B.C.D)"]);
    check("A\n  .B.{C}", expect!["A.B.{alias(C)}"]);
}
#[test]
fn a_negation_before_in_negates_it_all() {
    check("not a in b", expect!["(not (a in b))"]);
    check("!a in b", expect!["(! (a in b))"]);
    check("!!a.b in c in d", expect!["(! (((! a.b()) in c) in d))"]);
    check("(!a) in b", expect!["(((! a)) in b)"]);
    check("!a not in b", expect!["((! a) not in b)"]);
    check("-a in b", expect!["((- a) in b)"]);
}

#[test]
fn a_capture_goes_on_behind_its_parenthesis() {
    check("&(&1 + 1) && a", expect!["&(((&1 + 1) && a))"]);
    check("&(&1) <> a <> b", expect!["&((&1 <> (a <> b)))"]);
    check("(&(&1)) && a", expect!["((&(&1)) && a)"]);
    check("&1 + 1", expect!["(&1 + 1)"]);
    check(
        "a + &(&1) + b",
        expect!["foreign(a capture before an operator: (a + &(&1)) b)"],
    );
    check("f(&(&1), a + 1)", expect!["f(&(&1) (a + 1))"]);
    check("a |> f(&(&1)) |> b", expect!["((a |> f(&(&1))) |> b)"]);
    check("a = &(&1 + 1)", expect!["(a = &((&1 + 1)))"]);
    check("& &1 + 1", expect!["&((&1 + 1))"]);
}

#[test]
fn a_capture_ends_before_operators_that_bind_less() {
    check("[&a.b/1 | c]", expect!["[&((a.b() / 1)) | c]"]);
    check("[& &1 + 1 | c]", expect!["[&((&1 + 1)) | c]"]);
    check("[!&a/1 | c]", expect!["[(! &((a / 1))) | c]"]);
    check("%{&a/1 => b}", expect!["%{&((a / 1))=>b}"]);
    check("&a <- b | c", expect!["(&(a) <- (b | c))"]);
    check("&a | b <- c", expect!["((&(a) | b) <- c)"]);
    check("&(a | b)", expect!["&((a | b))"]);
    check("&((a | b))", expect!["&(((a | b)))"]);
    check("f &a | b", expect!["f((&(a) | b))"]);
    check(
        "[1 + &a | b]",
        expect!["[foreign(a capture before an operator: 1 (&(a) | b))]"],
    );
}

#[test]
fn no_alias_follows_an_atom() {
    for atom in [":a", ":\"A\"", "nil", "true"] {
        let refused = parse_script(&format!("{atom}.B")).unwrap_err();
        assert_eq!(refused.reason, super::Reason::Refused, "{atom}");
    }
    check(
        ":a.{B}",
        expect!["foreign(a computed module: :a {alias(B)}@1)"],
    );
    check(
        ":\"a#{1}\".B",
        expect![[r##"foreign(a computed module: atom("a"#(1)) alias(B))"##]],
    );
}
