//! The grammar of random programs.
//!
//! A production has a weight and a template. `<kind>` is anything of that kind, `<KIND>` a terminal,
//! `<VAR kind>` a variable of that kind, `<NEW kind>` a new one for the rest of the template or up to
//! `<END>`, `<LATE kind>` one that is there from `do`, the next line or `<IN>` on, `<MANY kind>` and `<MORE kind>` several with commas between, the latter at least one.
//! `<SET>` and `<UNSET>` name environment variables, `<CURRENT>` asks for the env. A template that begins with `?` has something
//! that we do not evaluate; one with `!` may be refused by Elixir, too.

mod boolean;
mod container;
mod number;
mod statement;
mod terminal;
mod text;

pub(super) type Productions = &'static [(u32, &'static str)];

/// What variables are assigned.
pub(super) const ASSIGNED: [&str; 12] = [
    "text", "text", "integer", "integer", "atom", "keyword", "keyword", "texts", "boolean", "map",
    "maybe", "integers",
];

/// Whether nothing simpler can stand where a kind does: it is no expression.
pub(super) fn is_part(kind: &str) -> bool {
    kind.chars().all(|char| !char.is_ascii_lowercase())
        || kind.ends_with("pair")
        || matches!(kind, "statement" | "plain_app")
}

/// The productions of a kind.
pub(super) fn productions(kind: &str) -> Productions {
    match kind {
        "text" => text::TEXT,
        "maybe" => text::MAYBE,
        "printable" => text::PRINTABLE,
        "integer" => number::INTEGER,
        "float" => number::FLOAT,
        "boolean" => boolean::BOOLEAN,
        "atom" => boolean::ATOM,
        "keyword" => container::KEYWORD,
        "texts" => text::TEXTS,
        "integers" => number::INTEGERS,
        "map" => container::MAP,
        "any" => container::ANY,
        "pair" => container::PAIR,
        "host" => text::HOST,
        "port" => number::PORT,
        "address" => container::ADDRESS,
        "WORD" => terminal::WORD,
        "DOMAIN" => terminal::DOMAIN,
        "KEY" => terminal::KEY,
        "ODD" => terminal::ODD_TEXT,
        "NUMBER" => terminal::NUMBER,
        "DIGITS" => terminal::DIGITS,
        "LITERAL" => terminal::LITERAL,
        "SIGIL" => terminal::SIGIL,
        "MODULE" => terminal::MODULE,
        "SPACED" => terminal::SPACED,
        "FILE" => terminal::FILE,
        "statement" => statement::STATEMENT,
        "endpoint_pair" => statement::ENDPOINT_PAIR,
        "url_pair" => statement::URL_PAIR,
        "http_pair" => statement::HTTP_PAIR,
        "settings" => statement::SETTINGS,
        "plain_app" => statement::PLAIN_APP,
        "APP" => statement::APP,
        "ENDPOINT" => statement::ENDPOINT,
        "ENV" => statement::ENV,
        other => unreachable!("the grammar has no {other}"),
    }
}
