//! Literals: numbers, characters, strings, heredocs and sigils.

use tree_sitter::Node as Syntax;

use super::{Malformed, Reader, parts};
use crate::syntax::{Node, Piece};

pub(super) fn integer(source: &str) -> Node {
    let digits = source.replace('_', "");
    let parsed = match digits.get(..2) {
        Some("0x") => i64::from_str_radix(&digits[2..], 16),
        Some("0o") => i64::from_str_radix(&digits[2..], 8),
        Some("0b") => i64::from_str_radix(&digits[2..], 2),
        Some(_) | None => digits.parse(),
    };
    parsed.map_or(Node::Foreign("a huge integer", Vec::new()), Node::Integer)
}

pub(super) fn float(source: &str) -> Node {
    match source.replace('_', "").parse::<f64>() {
        Ok(number) if number.is_finite() => Node::Float(number),
        Ok(_) | Err(_) => Node::Foreign("a huge float", Vec::new()),
    }
}

/// `?a`, `?\n`.
pub(super) fn char(source: &str) -> Node {
    let text = unescape(source.strip_prefix('?').unwrap_or(source));
    let text = String::from_utf8_lossy(&text);
    match text.chars().next() {
        Some(char) => Node::Integer(i64::from(u32::from(char))),
        None => Node::Foreign("a character", Vec::new()),
    }
}

/// A part of a quoted text before escapes are read.
enum Raw<'t> {
    Text(String),
    Interpolation(Syntax<'t>),
}

impl Reader<'_> {
    /// The parts of a quoted text, escapes read and a heredoc's indentation removed.
    pub(super) fn pieces(&self, node: Syntax<'_>, depth: usize) -> Result<Vec<Piece>, Malformed> {
        self.quoted(node, depth, unescape)
    }

    pub(super) fn sigil(&self, node: Syntax<'_>, depth: usize) -> Result<Node, Malformed> {
        let named = |kind| {
            let part = parts(node).into_iter().find(|part| part.kind() == kind);
            part.map_or("", |part| self.source(part))
        };
        let literally = |text: &str| text.as_bytes().to_vec();
        Ok(match named("sigil_name") {
            "s" => Node::Text(self.pieces(node, depth)?),
            "S" => Node::Text(self.quoted(node, depth, literally)?),
            "c" => Node::Charlist(self.pieces(node, depth)?),
            "C" => Node::Charlist(self.quoted(node, depth, literally)?),
            name @ ("w" | "W") => {
                let modifier = named("sigil_modifiers").chars().next().unwrap_or('s');
                let read = if name == "w" { unescape } else { literally };
                Node::Words(self.quoted(node, depth, read)?, modifier)
            }
            "r" | "R" => Node::Opaque("a regular expression"),
            "D" | "T" | "N" | "U" => Node::Opaque("a date or time"),
            _ => Node::Foreign("a sigil", Vec::new()),
        })
    }

    fn quoted(
        &self,
        node: Syntax<'_>,
        depth: usize,
        read: fn(&str) -> Vec<u8>,
    ) -> Result<Vec<Piece>, Malformed> {
        let mut raws = self.raws(node);
        if let Some(indentation) = self.heredoc_indentation(node) {
            dedent(&mut raws, indentation);
        }
        raws.into_iter()
            .map(|raw| match raw {
                Raw::Text(text) => Ok(Piece::Literal(read(&text))),
                Raw::Interpolation(node) => {
                    Ok(Piece::Interpolation(Box::new(self.body(node, depth)?)))
                }
            })
            .collect()
    }

    /// Adjoining content and escapes are joined: the grammar does not mark every escape in a
    /// heredoc as one.
    fn raws<'t>(&self, node: Syntax<'t>) -> Vec<Raw<'t>> {
        let mut raws = Vec::new();
        for part in parts(node) {
            match part.kind() {
                "interpolation" => raws.push(Raw::Interpolation(part)),
                "quoted_content" | "escape_sequence" => match raws.last_mut() {
                    Some(Raw::Text(text)) => text.push_str(self.source(part)),
                    Some(Raw::Interpolation(_)) | None => {
                        raws.push(Raw::Text(self.source(part).to_owned()));
                    }
                },
                _ => {}
            }
        }
        raws
    }

    /// The column of a heredoc's end, by which each of its lines is moved left.
    fn heredoc_indentation(&self, node: Syntax<'_>) -> Option<usize> {
        let end = node.child_by_field_name("quoted_end")?;
        matches!(self.source(end), "\"\"\"" | "'''").then(|| end.start_position().column)
    }
}

/// Removes the line break behind a heredoc's opening and up to `indentation` blanks of each line.
fn dedent(raws: &mut [Raw<'_>], indentation: usize) {
    let mut first = true;
    let mut blanks_left = 0;
    for raw in raws {
        let Raw::Text(text) = raw else {
            first = false;
            blanks_left = 0;
            continue;
        };
        let mut kept = String::with_capacity(text.len());
        for char in text.chars() {
            match char {
                '\n' => {
                    if !first {
                        kept.push(char);
                    }
                    first = false;
                    blanks_left = indentation;
                }
                ' ' | '\t' if blanks_left > 0 => blanks_left -= 1,
                char => {
                    blanks_left = 0;
                    kept.push(char);
                }
            }
        }
        *text = kept;
    }
}

/// Reads the escapes of a string: <https://hexdocs.pm/elixir/syntax-reference.html>.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let Some(escaped) = rest.chars().next() else {
            break;
        };
        rest = &rest[escaped.len_utf8()..];
        let plain = match escaped {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'd' => '\u{7f}',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            's' => ' ',
            't' => '\t',
            'v' => '\u{b}',
            '\n' => continue,
            'x' | 'u' => {
                rest = numeric_escape(escaped, rest, &mut bytes);
                continue;
            }
            other => other,
        };
        bytes.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// `\xFF` is a byte, `\u00FF` and `\u{FF}` a character. Returns what follows the digits.
fn numeric_escape<'t>(kind: char, rest: &'t str, bytes: &mut Vec<u8>) -> &'t str {
    let width = if kind == 'x' { 2 } else { 4 };
    let (digits, after) = match rest.strip_prefix('{').and_then(|it| it.split_once('}')) {
        Some(braced) => braced,
        None => rest.split_at_checked(width).unwrap_or((rest, "")),
    };
    let Ok(code) = u32::from_str_radix(digits, 16) else {
        return rest;
    };
    match (kind, u8::try_from(code)) {
        ('x', Ok(byte)) => bytes.push(byte),
        _ => {
            let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    after
}
