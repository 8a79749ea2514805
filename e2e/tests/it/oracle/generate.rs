//! Random config programs: a grammar, and a generator that knows the variables in scope.
//!
//! The grammar (`generate/grammar.rs`) is written to be like real configuration and to terminate. It
//! names no function that writes files, runs programs or ends the BEAM.

mod grammar;
mod layout;

use std::collections::BTreeMap;

use fastrand::Rng;

use super::program::{Piece, Program};
use grammar::productions;

/// How deeply expressions nest before only plain ones are written.
const DEPTH_MAX: u32 = 6;

/// Expressions of one program, at most, before only plain ones are written.
const EXPRESSIONS_MAX: u32 = 260;

/// Items where the grammar says `MANY`, at most.
const MANY_MAX: usize = 3;

/// Environment variables that programs ask for, with the values that some have.
const VARS: [(&str, &[&str]); 9] = [
    ("PORT", &["4001", "0", "8080", "+4002", "-1", "007"]),
    ("HOST", &["www.acme.test", "localhost", "", "ACME.test"]),
    ("NAME", &["acme", "  padded ", "grüße", "a b", "true"]),
    ("LIST", &["a,b,c", "a, b ,c", ",", "one", "a,,b"]),
    ("FLAG", &["true", "false", "1", "yes"]),
    ("RATE", &["1.5", "2.0e3", ".5", "1", "1."]),
    (
        "URL",
        &[
            "https://u:p@shop.test:8443/a/b?q=1#f",
            "http://shop.test",
            "shop.test",
        ],
    ),
    ("BAD", &["40x1", "4_000", " 1", ""]),
    ("EMPTY", &[""]),
];

/// Returns the program of a seed.
pub(super) fn program(seed: u64) -> Program {
    let mut rng = Rng::with_seed(seed);
    let mut vars = BTreeMap::new();
    for (name, values) in VARS {
        if rng.u8(..100) < 65 {
            vars.insert(name, values[rng.usize(..values.len())]);
        }
    }
    let env = ["dev", "dev", "test", "prod", "prod"][rng.usize(..5)];
    let mut generator = Generator {
        has_foreign: rng.u8(..100) < 35,
        may_abort: rng.u8(..100) < 20,
        variety: [3, 10, 20, 50][rng.usize(..4)],
        rng,
        seed,
        vars,
        scope: Vec::new(),
        names: 0,
        depth: 0,
        expressions: 0,
        is_mix_config: false,
    };
    let files = generator.files();
    Program {
        seed,
        env,
        vars: generator.vars,
        files,
    }
}

struct Generator {
    rng: Rng,
    seed: u64,
    vars: BTreeMap<&'static str, &'static str>,
    /// How many of a hundred rare productions may occur: with all of them in each program, nearly
    /// none would be free of what is refused or unknown.
    variety: u64,
    /// Whether what we do not evaluate may occur.
    has_foreign: bool,
    /// Whether what Elixir may refuse may occur.
    may_abort: bool,
    /// Variables in scope, with the kinds of their values.
    scope: Vec<(String, String)>,
    names: u32,
    depth: u32,
    expressions: u32,
    /// Whether the file says `use Mix.Config`, which brings no `config_env`.
    is_mix_config: bool,
}

impl Generator {
    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(..100) < percent
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    /// An expression, or anything else that the grammar has a name for.
    fn kind(&mut self, kind: &str) -> Piece {
        self.expressions += 1;
        self.depth += 1;
        let template = self.choose(kind);
        let mark = self.scope.len();
        let piece = self.fill(template);
        self.scope.truncate(mark);
        self.depth -= 1;
        Piece::Value(Box::new(piece))
    }

    fn choose(&mut self, kind: &str) -> &'static str {
        let is_terminal = kind == kind.to_uppercase();
        let must_be_plain = self.depth > DEPTH_MAX || self.expressions > EXPRESSIONS_MAX;
        let fits = |weight: u32, template: &str| {
            (weight > 1 || is_terminal || self.is_chosen(template))
                && (self.has_foreign || !template.starts_with('?'))
                && (self.may_abort || !template.starts_with('!'))
                && (!must_be_plain || is_plain(template))
                && needed(template).all(|kind| self.scope.iter().any(|(_, it)| it == kind))
        };
        let fitting: Vec<_> = productions(kind)
            .iter()
            .filter(|(weight, it)| fits(*weight, it))
            .collect();
        let total = fitting.iter().map(|(weight, _)| *weight).sum();
        let mut at = self.rng.u32(0..total);
        for (weight, template) in fitting {
            if at < *weight {
                return template.trim_start_matches(['?', '!']);
            }
            at -= weight;
        }
        unreachable!("a choice among none")
    }

    /// Whether this program may have a rare production; one that is marked already is.
    fn is_chosen(&self, template: &str) -> bool {
        let mut dice = Rng::with_seed(template.bytes().fold(self.seed, |seed, byte| {
            seed.wrapping_mul(31).wrapping_add(u64::from(byte))
        }));
        dice.u64(..100) < self.variety
    }

    /// Writes a template with its holes filled.
    fn fill(&mut self, template: &str) -> Piece {
        let mark = self.scope.len();
        let mut pieces = Vec::new();
        let mut late = Vec::new();
        let mut rest = template;
        while let Some((before, hole, after)) = next_hole(rest) {
            if before.contains("do") || before.contains('\n') {
                self.scope.append(&mut late);
            }
            pieces.push(Piece::Text(before.to_owned()));
            match hole.split_once(' ').unwrap_or((hole, "")) {
                ("IN", _) => self.scope.append(&mut late),
                ("END", _) => self.scope.truncate(mark),
                ("NEW" | "LATE", kind) => {
                    let name = self.fresh();
                    let variable = (name.clone(), kind.to_owned());
                    if hole.starts_with("NEW") {
                        self.scope.push(variable);
                    } else {
                        late.push(variable);
                    }
                    pieces.push(Piece::Text(name));
                }
                _ => pieces.push(self.hole(hole)),
            }
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Piece::Row(pieces)
    }

    fn hole(&mut self, hole: &str) -> Piece {
        match hole.split_once(' ') {
            Some(("VAR", kind)) => self.variable(kind),
            Some(("MANY", kind)) => self.items(kind, 0),
            Some(("MORE", kind)) => self.items(kind, 1),
            Some((other, _)) => unreachable!("no hole is called {other}"),
            None => match hole {
                "SET" => self.name_of_var(true),
                "UNSET" => self.name_of_var(false),
                "SEED" => Piece::Text(self.seed.to_string()),
                "CURRENT" => self.current("config_env()", "Mix.env()"),
                "TARGET" => self.current("config_target()", "Mix.target()"),
                "statements" => self.block(3),
                kind if grammar::is_part(kind) => match self.kind(kind) {
                    // Nothing else could stand in the place of a part.
                    Piece::Value(piece) => *piece,
                    piece => piece,
                },
                kind => self.kind(kind),
            },
        }
    }

    fn current(&mut self, by_config: &str, by_mix: &str) -> Piece {
        let is_mix = self.is_mix_config && !(self.may_abort && self.chance(4)) || self.chance(15);
        Piece::Text(if is_mix { by_mix } else { by_config }.to_owned())
    }

    fn items(&mut self, kind: &str, least: usize) -> Piece {
        let count = self.rng.usize(least..=MANY_MAX + least);
        let items = (0..count).map(|_| self.hole(kind)).collect();
        Piece::Some {
            items,
            separator: ", ",
        }
    }

    fn variable(&mut self, kind: &str) -> Piece {
        let of_kind = self.scope.iter().filter(|(_, it)| it == kind);
        let names: Vec<String> = of_kind.map(|(name, _)| name.clone()).collect();
        Piece::Text(names[self.rng.usize(..names.len())].clone())
    }

    fn fresh(&mut self) -> String {
        self.names += 1;
        format!("v{}", self.names)
    }

    fn name_of_var(&mut self, is_set: bool) -> Piece {
        let names = VARS.iter().map(|(name, _)| *name);
        let names: Vec<_> = names
            .filter(|name| self.vars.contains_key(name) == is_set)
            .collect();
        let unlikely = if is_set { "PORT" } else { "NEVER_SET" };
        let name = if names.is_empty() || !is_set && self.chance(30) {
            unlikely
        } else {
            self.one_of(&names)
        };
        Piece::Text(name.to_owned())
    }

    /// Statements of a scope of their own.
    fn block(&mut self, most: usize) -> Piece {
        let mark = self.scope.len();
        let count = self.rng.usize(1..=most);
        let items = (0..count).map(|_| self.statement()).collect();
        self.scope.truncate(mark);
        Piece::Some {
            items,
            separator: "\n",
        }
    }

    /// One statement; what it assigns stays in scope.
    fn statement(&mut self) -> Piece {
        if self.chance(22) {
            return self.assignment();
        }
        self.hole("statement")
    }

    fn assignment(&mut self) -> Piece {
        let kind = self.one_of(&grammar::ASSIGNED);
        let value = self.hole(kind);
        // Rebinding keeps the kind, or what is written later would not fit.
        let known = self.scope.iter().filter(|(_, it)| it == kind);
        let known: Vec<String> = known.map(|(name, _)| name.clone()).collect();
        let name = if !known.is_empty() && self.chance(40) {
            known[self.rng.usize(..known.len())].clone()
        } else {
            self.fresh()
        };
        self.scope.push((name.clone(), kind.to_owned()));
        let pattern = if self.chance(85) {
            format!("{name} = ")
        } else {
            let odd = ["{_, name} = {1, ", "[name | _] = [", "%{k: name} = %{k: "];
            let close = ["}", "]", "}"];
            let which = self.rng.usize(..odd.len());
            let open = odd[which].replace("name", &name);
            let pieces = vec![
                Piece::Text(open),
                value,
                Piece::Text(close[which].to_owned()),
            ];
            return Piece::Row(pieces);
        };
        Piece::Row(vec![Piece::Text(pattern), value])
    }
}

/// The next `<hole>`, with what stands before and behind it.
fn next_hole(template: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + template[from..].find('<')?;
        let inside = &template[open + 1..];
        let close = inside.find(|char: char| !char.is_ascii_alphabetic() && !" _".contains(char));
        match close {
            Some(close)
                if close > 0 && inside[close..].starts_with('>') && !inside.starts_with(' ') =>
            {
                return Some((&template[..open], &inside[..close], &inside[close + 1..]));
            }
            _ => from = open + 1,
        }
    }
}

fn holes(template: &str) -> impl Iterator<Item = &str> {
    let mut rest = template;
    std::iter::from_fn(move || {
        let (_, hole, after) = next_hole(rest)?;
        rest = after;
        Some(hole)
    })
}

/// Whether nothing in a template nests.
fn is_plain(template: &str) -> bool {
    holes(template).all(|hole| {
        hole.starts_with("VAR ") || !hole.contains(' ') && (hole == hole.to_uppercase())
    })
}

/// The kinds of which there has to be a variable: those that the template itself has not made.
fn needed(template: &str) -> impl Iterator<Item = &str> {
    let mut made = Vec::new();
    holes(template).filter_map(move |hole| match hole.split_once(' ')? {
        ("NEW" | "LATE", kind) => {
            made.push(kind);
            None
        }
        ("VAR", kind) => (!made.contains(&kind)).then_some(kind),
        _ => None,
    })
}
