//! Files of terms against Erlang itself: what we read is what `file:consult/1` reads.

use std::{fs, path::Path, process::Command};

use e2e::tool;
use erlterm::{Term, parse_bytes};
use tempfile::TempDir;

/// Random terms, and as many texts that may be none.
const TERMS: &str = "500";

/// By which they are random; any will do, one that stays is the same for everyone.
const SEED: &str = "4";

/// Texts beyond what is random, each of which Erlang reads.
const BY_HAND: [(&str, &str); 12] = [
    ("comments", "%% coding: utf-8\n% one\n{a, % two\n b}. %\n"),
    (
        "integers",
        "[1_000, 16#ff_FF, 36#zZ, -5, - (5), +5, -$a, 00012].",
    ),
    ("floats", "[1.5e10, 1.5E-3, 1_0.0_1e1_0, 1.0e-400, -1.5]."),
    (
        "characters",
        "[$a, $ , $\\n, $\\\\, $', $\", $\\x{41}, $\\^a, $.].",
    ),
    (
        "escapes",
        r#""\b\d\e\f\n\r\s\t\v\q\"\\'\7\77\777\8\x41\x{1F600}\^a\^Z\^@\^[\^_"."#,
    ),
    ("joined", "\"a\" \"b\"\n % and\n \"c\"."),
    (
        "binaries",
        "[<<\"ł\">>, <<\"ł\"/utf8>>, <<1, $a, 256, -1, \"b\" \"c\", 322/utf8>>].",
    ),
    (
        "bits",
        "[<<1:16>>, <<1:4>>, <<1.5/float>>, <<\"ab\"/utf16-little>>, <<<<1>>/binary>>].",
    ),
    ("tails", "[[a|[b|[]]], [a|\"bc\"], [a, b|[c|d]]]."),
    ("maps", "#{1 => a, 1.0 => b, #{} => c, x => y, x => z}."),
    (
        "atoms",
        "[ñandu, aÑ@_1, 'and', '', 'it\\'s', maybe, (a), fun a:b/1, fun 'A':'b c'/0].",
    ),
    ("many", "a. \"b\". {c}.\n\n1.\n"),
];

#[test]
fn what_we_read_is_what_erlang_reads() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    elixir(&["write", path.to_str().unwrap(), TERMS, SEED]);
    for (name, text) in BY_HAND {
        fs::write(path.join(format!("{name}.hand")), text).unwrap();
    }
    fs::write(path.join("latin.hand"), b"%% coding: latin-1\n\"\xe9\".\n").unwrap();
    let (mut read, mut refused) = (0, 0);
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap().path();
        let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
        match parse_bytes(&fs::read(&entry).unwrap()) {
            // What is kept as text need not be judged as strictly.
            Ok(terms) if name.ends_with(".changed") && terms.iter().any(is_kept) => {}
            Ok(terms) => {
                read += 1;
                fs::write(path.join(format!("{name}.ours")), file(&terms)).unwrap();
            }
            Err(error) => {
                assert!(name.ends_with(".changed"), "{name}: {error}");
                refused += 1;
                fs::write(path.join(format!("{name}.ours")), "refused").unwrap();
            }
        }
    }
    // A comparison of nothing would prove nothing.
    assert!(
        read > BY_HAND.len() + 40 && refused > 40,
        "{read} read, {refused} not"
    );
    let verdicts = elixir(&["compare", path.to_str().unwrap()]);
    let wrong: Vec<String> = verdicts
        .lines()
        .filter(|line| !line.starts_with("same "))
        .filter(|line| !(line.starts_with("refused ") && is_refused(path, line)))
        .map(|line| format!("{line}: {}", content(path, line)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(verdicts.lines().count(), read + refused);
}

fn elixir(arguments: &[&str]) -> String {
    let mut command = Command::new(tool::require("elixir"));
    // File names and output are UTF-8, wherever the test runs.
    command
        .env("LC_ALL", "C.UTF-8")
        .arg(tool::ours("beam/terms.exs"));
    String::from_utf8(tool::run(command.args(arguments)).stdout).unwrap()
}

fn content(folder: &Path, verdict: &str) -> String {
    let name = verdict.split(' ').nth(1).unwrap();
    let text = fs::read(folder.join(name)).unwrap();
    String::from_utf8_lossy(&text).chars().take(300).collect()
}

/// Whether we refused it too.
fn is_refused(folder: &Path, verdict: &str) -> bool {
    let name = verdict.split(' ').nth(1).unwrap();
    fs::read_to_string(folder.join(format!("{name}.ours"))).unwrap() == "refused"
}

fn is_kept(term: &Term) -> bool {
    match term {
        Term::Opaque(_) => true,
        Term::List(items) | Term::Tuple(items) => items.iter().any(is_kept),
        Term::Map(pairs) => pairs
            .iter()
            .any(|(key, value)| is_kept(key) || is_kept(value)),
        Term::Atom(_) | Term::Integer(_) | Term::Float(_) | Term::Binary(_) => false,
    }
}

fn file(terms: &[Term]) -> String {
    let lines = terms.iter().map(|term| format!("{}.\n", written(term)));
    "%% coding: utf-8\n"
        .chars()
        .chain(lines.collect::<String>().chars())
        .collect()
}

/// A term as Erlang reads it, with nothing that could be misread.
fn written(term: &Term) -> String {
    let joined = |items: &[Term]| items.iter().map(written).collect::<Vec<_>>().join(",");
    match term {
        Term::Atom(name) => {
            let escaped = |char| format!("\\x{{{:x}}}", u32::from(char));
            format!("'{}'", name.chars().map(escaped).collect::<String>())
        }
        Term::Integer(number) => number.to_string(),
        Term::Float(number) => {
            let text = format!("{number:e}");
            let (whole, power) = text.split_once('e').unwrap();
            let point = if whole.contains('.') { "" } else { ".0" };
            format!("{whole}{point}e{power}")
        }
        Term::Binary(bytes) => {
            let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("<<{}>>", bytes.join(","))
        }
        Term::List(items) => format!("[{}]", joined(items)),
        Term::Tuple(items) => format!("{{{}}}", joined(items)),
        Term::Map(pairs) => {
            let pair =
                |(key, value): &(Term, Term)| format!("{}=>{}", written(key), written(value));
            let pairs: Vec<String> = pairs.iter().map(pair).collect();
            format!("#{{{}}}", pairs.join(","))
        }
        Term::Opaque(text) => text.clone(),
    }
}
