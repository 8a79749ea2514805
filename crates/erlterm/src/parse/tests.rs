use std::fmt::Write as _;

use proptest::{collection::vec, prelude::*};

use super::{number::DIGITS_MAX, scan::ATOM_CHARS_MAX};
use crate::{DEPTH_MAX, TEXT_TERMS_MAX, Term, parse_bytes, parse_text};

/// Each line of the table is what Erlang answered to `file:consult/1`.
#[track_caller]
fn check(text: &str, expected: &Term) {
    let read = parse_text(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(read, std::slice::from_ref(expected), "{text}");
}

#[track_caller]
fn check_refused(text: &str, line: u32, message: &str) {
    let error = parse_text(text).expect_err(text);
    assert_eq!(
        (error.line, error.message.as_str()),
        (line, message),
        "{text}"
    );
}

fn atom(name: &str) -> Term {
    Term::atom(name)
}

fn string(text: &str) -> Term {
    let code = |char| Term::Integer(i64::from(u32::from(char)));
    Term::List(text.chars().map(code).collect())
}

fn opaque(text: &str) -> Term {
    Term::Opaque(text.to_owned())
}

#[test]
fn a_text_is_terms_that_end_in_dots() {
    let both = Ok(vec![atom("a"), atom("b")]);
    for text in ["a. b.", "a.\nb.\n", "a.% one\n%% two.\nb.%", "\ta.\u{a0}b."] {
        assert_eq!(parse_text(text), both, "{text}");
    }
    assert_eq!(parse_text(""), Ok(vec![]));
    assert_eq!(parse_text("%% nothing"), Ok(vec![]));
    check_refused("a", 1, "the end where a dot is expected");
    check_refused("a b.", 1, "an atom where a dot is expected");
    check_refused("a.b.", 1, "a dot that ends no term");
    check_refused("a%.", 1, "the end where a dot is expected");
    check_refused("\n\n.", 3, "a dot where a term is expected");
}

#[test]
fn atoms() {
    check("a@B_1.", &atom("a@B_1"));
    check("ñanduÑ.", &atom("ñanduÑ"));
    check(
        "'Elixir.AuthWeb.Endpoint'.",
        &atom("Elixir.AuthWeb.Endpoint"),
    );
    check("''.", &atom(""));
    check("'it\\'s \\x{142}\\n'.", &atom("it's ł\n"));
    check("maybe.", &atom("maybe"));
    check("'and'.", &atom("and"));
    check("(a).", &atom("a"));
    check_refused("and.", 1, "`and` where a term is expected");
    check_refused(
        "X.",
        1,
        "X is a variable, which has no value in a file of terms",
    );
    check_refused(
        "[\n_x].",
        2,
        "_x is a variable, which has no value in a file of terms",
    );
    check_refused("ł.", 1, "`ł` has no place here");
    check_refused("a:b.", 1, "`:` where a dot is expected");
    check_refused("\n'a\nb", 2, "a ' that is never closed");
    let long = format!("{}.", "a".repeat(ATOM_CHARS_MAX + 1));
    check_refused(&long, 1, "an atom has more than 255 characters");
}

#[test]
fn integers() {
    check("4000.", &Term::Integer(4000));
    check("1_000.", &Term::Integer(1000));
    check("00012.", &Term::Integer(12));
    check("16#ff_FF.", &Term::Integer(65535));
    check("36#zZ.", &Term::Integer(1295));
    check("-5.", &Term::Integer(-5));
    check("- (5).", &Term::Integer(-5));
    check("+5.", &Term::Integer(5));
    check("-$a.", &Term::Integer(-97));
    check("-9223372036854775808.", &Term::Integer(i64::MIN));
    check("9223372036854775808.", &opaque("9223372036854775808"));
    check("-9223372036854775809.", &opaque("-9223372036854775809"));
    check(
        "16#ffffffffffffffffffff.",
        &opaque("1208925819614629174706175"),
    );
    check("-2#0.", &Term::Integer(0));
    check_refused("- -5.", 1, "`-` where a number is expected");
    check_refused("-a.", 1, "an atom where a number is expected");
    check_refused("37#1.", 1, "a base that is not from 2 to 36");
    check_refused("1#0.", 1, "a base that is not from 2 to 36");
    check_refused("2#2.", 1, "no digits behind 2#");
    check_refused("1__0.", 1, "`__0` where a dot is expected");
    check_refused("1 2.", 1, "a number where a dot is expected");
    let long = format!("1{}.", "0".repeat(DIGITS_MAX));
    check_refused(&long, 1, "an integer has more than 4096 digits");
}

#[test]
fn floats() {
    check("1.5e10.", &Term::Float(1.5e10));
    check("1.5E-3.", &Term::Float(1.5e-3));
    check("1.0e-400.", &Term::Float(0.0));
    check("1_0.0_1e1_0.", &Term::Float(1.001e11));
    check("-1.5.", &Term::Float(-1.5));
    check_refused("1e5.", 1, "an atom where a dot is expected");
    check_refused("1.0e400.", 1, "a float that is none, or too large");
    check_refused("1.5e.", 1, "a float that is none, or too large");
    check_refused("1.e5.", 1, "a dot that ends no term");
}

#[test]
fn characters() {
    check("$a.", &Term::Integer(97));
    check("$ .", &Term::Integer(32));
    check("$\\n.", &Term::Integer(10));
    check("$\\\\.", &Term::Integer(92));
    check("$'.", &Term::Integer(39));
    check("$\\x{41}.", &Term::Integer(65));
    check("$\\^a.", &Term::Integer(1));
    check("$\u{142}.", &Term::Integer(0x142));
    check("{$.}.", &Term::Tuple(vec![Term::Integer(46)]));
    check_refused("$", 1, "a `$` without its character");
    check_refused("$\\", 1, "a `\\` without its character");
}

#[test]
fn strings_are_lists_of_code_points() {
    check("\"aé\u{1f600}\".", &string("aé\u{1f600}"));
    check("\"\".", &Term::List(vec![]));
    check(
        r#""\b\d\e\f\n\r\s\t\v\q\"\\'"."#,
        &string("\u{8}\u{7f}\u{1b}\u{c}\n\r \t\u{b}q\"\\'"),
    );
    check(r#""\7\77\777\8"."#, &string("\u{7}\u{3f}\u{1ff}8"));
    check(r#""\x41\x{41}\x{1F600}"."#, &string("AA\u{1f600}"));
    check(
        r#""\^a\^A\^z\^@\^[\^_"."#,
        &string("\u{1}\u{1}\u{1a}\0\u{1b}\u{1f}"),
    );
    check("\"a\\\nb\nc\".", &string("a\nb\nc"));
    check("\"a\" \"b\" % and\n \"c\".", &string("abc"));
    check_refused("\n\"abc", 2, "a \" that is never closed");
    check_refused(r#""\x4"."#, 1, "a `\\x` without its two digits");
    check_refused(r#""\x{}"."#, 1, "an escape that is no character");
    check_refused(r#""\x{D800}"."#, 1, "an escape that is no character");
    check_refused(r#""\x{110000}"."#, 1, "an escape that is no character");
    check_refused(r#""\x{41"."#, 1, "a `\\x{` that is never closed");
    check_refused("\"a\" ++ \"b\".", 1, "`+` where a dot is expected");
}

#[test]
fn strings_in_three_quotes_are_those_of_otp_27() {
    check(
        "\"\"\"\n  a \\n \"b\"\n\n    c\n  \"\"\".",
        &string("a \\n \"b\"\n\n  c"),
    );
    check("\"\"\"\n\"\"\".", &Term::List(vec![]));
    check("\"\"\"\"\n\"\"\"\n\"\"\"\".", &string("\"\"\""));
    check("\"\"\"\r\n a\r\n \"\"\".", &string("a"));
    check_refused(
        "\"\"\"abc\"\"\".",
        1,
        "text on the line of the \"\"\" that opens it",
    );
    check_refused(
        "\"\"\"\n a\n  \"\"\".",
        1,
        "a line that is indented less than the quotes that close it",
    );
    check_refused("\"\"\"\n a\n", 1, "a \"\"\" that is never closed");
}

#[test]
fn binaries_are_bytes_strings_or_utf_8() {
    check("<<>>.", &Term::Binary(vec![]));
    check("<<\"abc\">>.", &Term::text("abc"));
    check("<<\"a\" \"b\">>.", &Term::text("ab"));
    check("<<\"ł\"/utf8>>.", &Term::text("ł"));
    check("<<\"ł\">>.", &Term::text("B"));
    check("<<1,$a,256,-1,+2>>.", &Term::Binary(vec![1, 97, 0, 255, 2]));
    check("<<322/utf8,\"x\">>.", &Term::text("łx"));
    check("<<1:16>>.", &opaque("<<1:16>>"));
    check("<<1:4>>.", &opaque("<<1:4>>"));
    check("<<1.5/float,\">>\">>.", &opaque("<<1.5/float,\">>\">>"));
    check(
        "<<\"ab\"/utf16-little>>.",
        &opaque("<<\"ab\"/utf16-little>>"),
    );
    check("<<<<1>>/binary,2>>.", &opaque("<<<<1>>/binary,2>>"));
    check("<<1:2/unit:8>>.", &opaque("<<1:2/unit:8>>"));
    check_refused("<<a>>.", 1, "an atom in a binary");
    check_refused("<<1,>>.", 1, "`>>` in a binary");
    check_refused("<<55296/utf8>>.", 1, "55296 is no character");
    check_refused("<<1", 1, "the end where `>>` is expected");
}

#[test]
fn lists_and_tuples() {
    let ab = || Term::List(vec![atom("a"), atom("b")]);
    check("[].", &Term::List(vec![]));
    check("[a, b].", &ab());
    check("[a|[b]].", &ab());
    check("[a|[b|[]]].", &ab());
    check(
        "[a|\"b\"].",
        &Term::List(vec![atom("a"), Term::Integer(98)]),
    );
    check("{}.", &Term::Tuple(vec![]));
    check("{a,[b],{c}}.", &{
        let c = Term::Tuple(vec![atom("c")]);
        Term::Tuple(vec![atom("a"), Term::List(vec![atom("b")]), c])
    });
    check("[a|b].", &opaque("[a|b]"));
    check(
        "[ a , \"b\" | [c | <<\"d\">>] ].",
        &opaque("[a,[98],c|<<100>>]"),
    );
    check(
        "['A b'|#{1 => 'x\\'y'}].",
        &opaque("['A b'|#{1 => 'x\\'y'}]"),
    );
    for (text, mark) in [
        ("[a,].", "]"),
        ("{a,}.", "}"),
        ("[|a].", "|"),
        ("[a|].", "]"),
    ] {
        check_refused(text, 1, &format!("`{mark}` where a term is expected"));
    }
    check_refused("[a|b|c].", 1, "`|` where `]` is expected");
    check_refused("[a|[b|c].", 1, "a dot where `]` is expected");
    check_refused("{a,b}}.", 1, "`}` where a dot is expected");
}

#[test]
fn maps_keep_the_last_value_of_a_key() {
    let one = |value| (Term::Integer(1), atom(value));
    check("#{}.", &Term::Map(vec![]));
    check(
        "#{1 => a, 1.0 => b, # {} => c}.",
        &Term::Map(vec![
            one("a"),
            (Term::Float(1.0), atom("b")),
            (Term::Map(vec![]), atom("c")),
        ]),
    );
    check(
        "#{1 => a, x => y, 1 => b}.",
        &Term::Map(vec![one("b"), (atom("x"), atom("y"))]),
    );
    check_refused("#{a := 1}.", 1, "`:` where `=>` is expected");
    check_refused("#r{a = 1}.", 1, "an atom where `{` is expected");
    check_refused("#{a => 1,}.", 1, "`}` where a term is expected");
}

#[test]
fn a_fun_is_a_name_of_one() {
    check("fun a:b/1.", &opaque("fun a:b/1"));
    check("fun 'A b' : c / 0.", &opaque("fun 'A b':c/0"));
    for text in ["fun a/1.", "fun(X) -> X end.", "fun a:b/256.", "fun a:B/1."] {
        check_refused(text, 1, "only a fun such as `fun m:f/1` is a term");
    }
}

#[test]
fn a_comment_names_the_encoding() {
    let bytes = |text: &str| text.chars().map(|char| char as u8).collect::<Vec<u8>>();
    let read = Ok(vec![string("é")]);
    assert_eq!(parse_bytes("\"é\".".as_bytes()), read);
    assert_eq!(parse_bytes("%% coding: utf-8\n\"é\".".as_bytes()), read);
    assert_eq!(parse_bytes(&bytes("%% coding: latin-1\n\"é\".")), read);
    assert_eq!(
        parse_bytes(&bytes("%\n% -*- Coding = Latin-1 -*-\n\"é\".")),
        read
    );
    let error = parse_bytes(&bytes("\n\n\n%% coding: latin-1\n\"é\".")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 5: it is not UTF-8, and no comment says `coding: latin-1`"
    );
}

#[test]
fn nothing_nests_without_end() {
    let nested = |depth: usize| format!("{}{}.", "[".repeat(depth), "]".repeat(depth));
    assert!(parse_text(&nested(DEPTH_MAX - 1)).is_ok());
    for open in ["[", "{", "(", "#{", "<<", "[a|{", "-("] {
        let error = parse_text(&open.repeat(100_000)).unwrap_err();
        assert!(!error.message.is_empty(), "{open}");
    }
    check_refused(&nested(DEPTH_MAX), 1, "it nests deeper than 256 levels");
}

#[test]
fn a_list_in_the_tail_of_a_list_is_no_level() {
    let text = format!("{}[]{}.", "[a|".repeat(100_000), "]".repeat(100_000));
    check(&text, &Term::List(vec![atom("a"); 100_000]));
}

#[test]
fn there_is_a_bound_on_terms() {
    let many = |terms: usize| format!("\"{}\".", "a".repeat(terms - 1));
    assert!(parse_text(&many(TEXT_TERMS_MAX)).is_ok());
    check_refused(
        &many(TEXT_TERMS_MAX + 1),
        1,
        "it holds more than 1048576 terms",
    );
}

#[test]
fn errors_do_not_tell_what_stands_in_strings() {
    for text in [
        "{\"secret\" \"s\", b \"secret\"}.",
        "{a 'secret'}.",
        "<<b, \"secret\">>.",
    ] {
        let error = parse_text(text).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

/// Writes a term as Erlang would read it, in other words than the parser's own.
fn written(term: &Term) -> String {
    let joined = |items: &[Term]| items.iter().map(written).collect::<Vec<_>>().join(" , ");
    match term {
        Term::Atom(name) => format!("'{}'", escaped(name)),
        Term::Integer(number) => number.to_string(),
        Term::Float(number) => {
            let text = format!("{number:e}");
            match text.split_once('e') {
                Some((whole, power)) if !whole.contains('.') => format!("{whole}.0e{power}"),
                Some(_) | None => text,
            }
        }
        Term::Binary(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => format!("<<\"{}\"/utf8>>", escaped(text)),
            Err(_) => format!("<<{bytes:?}>>").replace(['[', ']'], ""),
        },
        Term::List(items) => match term.to_text() {
            Some(text) => format!("\"{}\"", escaped(&text)),
            None => format!("[{}]", joined(items)),
        },
        Term::Tuple(items) => format!("{{{}}}", joined(items)),
        Term::Map(pairs) => {
            let pair =
                |(key, value): &(Term, Term)| format!("{} => {}", written(key), written(value));
            let pairs: Vec<String> = pairs.iter().map(pair).collect();
            format!("#{{{}}}", pairs.join(","))
        }
        Term::Opaque(text) => text.clone(),
    }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, char| {
        match char {
            'a'..='z' | 'A'..='Z' | ' ' | 'é' => out.push(char),
            other => write!(out, "\\x{{{:x}}}", u32::from(other)).unwrap(),
        }
        out
    })
}

fn terms() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        ".{0,9}".prop_map(Term::Atom),
        any::<i64>().prop_map(Term::Integer),
        any::<f64>()
            .prop_filter("finite", |it| it.is_finite())
            .prop_map(Term::Float),
        vec(any::<u8>(), 0..8).prop_map(Term::Binary),
        ".{1,9}".prop_map(|text| string(&text)),
        Just(Term::Opaque("[a|b]".to_owned())),
        Just(Term::Opaque("-99999999999999999999".to_owned())),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Term::List),
            vec(inner.clone(), 0..6).prop_map(Term::Tuple),
            vec(inner, 0..4).prop_map(|values| {
                let keyed = |(key, value): (usize, Term)| {
                    (
                        Term::Tuple(vec![Term::Integer(key as i64), value.clone()]),
                        value,
                    )
                };
                Term::Map(values.into_iter().enumerate().map(keyed).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(term in terms()) {
        let text = format!("{}.", written(&term));
        prop_assert_eq!(parse_text(&text), Ok(vec![term]));
    }

    #[test]
    fn any_text_ends_in_terms_or_an_error(text in r#"[\[\]{}()<>|,.#=:/"'$\\x\n%a-cA 0-9_-]{0,60}"#) {
        if let Err(error) = parse_text(&text) {
            let lines = text.split('\n').count();
            prop_assert!((1..=lines).contains(&(error.line as usize)), "{}", error);
        }
    }

    #[test]
    fn any_bytes_end_in_terms_or_an_error(bytes in vec(any::<u8>(), 0..60)) {
        // Which of the two doesn't matter here.
        let _ = parse_bytes(&bytes);
    }
}
