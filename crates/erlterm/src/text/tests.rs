use crate::Term;

fn check(term: &Term, expected: &str) {
    assert_eq!(term.to_string(), expected);
}

fn integers(numbers: &[i64]) -> Term {
    Term::List(numbers.iter().copied().map(Term::Integer).collect())
}

#[test]
fn atoms_are_quoted_only_where_elixir_quotes_them() {
    check(&Term::atom("nil"), "nil");
    check(&Term::atom("true"), "true");
    check(&Term::atom("url"), ":url");
    check(&Term::atom("auth@127"), ":auth@127");
    check(&Term::atom("valid?"), ":valid?");
    check(&Term::atom("a b"), ":\"a b\"");
    check(&Term::atom(""), ":\"\"");
    check(&Term::atom("Elixir.AuthWeb.Endpoint"), "AuthWeb.Endpoint");
    check(&Term::atom("Elixir.lower"), ":\"Elixir.lower\"");
}

#[test]
fn numbers_read_as_erlang_writes_them() {
    check(&Term::Integer(-4000), "-4000");
    check(&Term::Float(1.0), "1.0");
    check(&Term::Float(1e20), "1.0e20");
    check(&Term::Float(1.5e-9), "1.5e-9");
}

#[test]
fn binaries_are_text_or_bytes() {
    check(&Term::text("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
    check(&Term::text("#{x} #"), "\"\\#{x} #\"");
    check(&Term::text("höst"), "\"höst\"");
    check(&Term::Binary(vec![0xff, 0]), "<<255, 0>>");
    check(&Term::Binary(vec![1]), "<<1>>");
    check(&Term::text(""), "\"\"");
}

#[test]
fn lists_are_keywords_charlists_or_lists() {
    check(&Term::List(vec![]), "[]");
    check(
        &Term::keywords([("port", Term::Integer(1)), ("a b", Term::atom("nil"))]),
        "[port: 1, \"a b\": nil]",
    );
    check(
        &Term::keywords([("Elixir.A", Term::Integer(1))]),
        "[{A, 1}]",
    );
    check(&integers(&[97, 98]), "~c\"ab\"");
    check(&integers(&[0]), "[0]");
    check(&integers(&[300]), "[300]");
    let mixed = Term::List(vec![
        Term::atom("inet6"),
        Term::Tuple(vec![Term::atom("port"), Term::Integer(1)]),
    ]);
    check(&mixed, "[:inet6, {:port, 1}]");
}

#[test]
fn maps_are_short_only_with_plain_atom_keys() {
    check(&Term::Map(vec![]), "%{}");
    check(
        &Term::Map(vec![(Term::atom("a"), Term::Integer(1))]),
        "%{a: 1}",
    );
    let mixed = Term::Map(vec![
        (Term::atom("a"), Term::Integer(1)),
        (Term::text("b"), Term::Tuple(vec![])),
    ]);
    check(&mixed, "%{:a => 1, \"b\" => {}}");
}

#[test]
fn what_configuration_cannot_use_is_shown_as_erlang_writes_it() {
    check(
        &Term::Opaque("123456789012345678901234567890".to_owned()),
        "123456789012345678901234567890",
    );
    check(&Term::Opaque("[a|b]".to_owned()), "#Erlang<[a|b]>");
    check(&Term::Opaque("[a|'\n']".to_owned()), "#Erlang<[a|'\\n']>");
}
