//! Text to tokens.

use std::{borrow::Cow, fmt};

use super::TextError;

/// Characters in an atom, as in Erlang.
pub(super) const ATOM_CHARS_MAX: usize = 255;

/// Marks, the longer before those that they begin with.
const MARKS: [&str; 16] = [
    "<<", ">>", "=>", "{", "}", "[", "]", "(", ")", ",", "|", "#", ":", "/", "+", "-",
];

/// Words that are no atoms without quotes.
const WORDS: [&str; 27] = [
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case",
    "catch", "cond", "div", "end", "fun", "if", "let", "not", "of", "or", "orelse", "receive",
    "rem", "try", "when", "xor",
];

/// What a text of terms is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    Atom(String),
    /// A word that the language has for itself.
    Word(&'static str),
    Variable(&'a str),
    /// Decimal digits, however it is written.
    Integer(String),
    Float(f64),
    Char(char),
    Text(String),
    Mark(&'static str),
    /// The dot behind a term.
    Dot,
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What stands in strings may be secret, so it isn't told.
        match self {
            Self::Atom(_) => out.write_str("an atom"),
            Self::Word(word) => write!(out, "`{word}`"),
            Self::Variable(name) => write!(out, "`{name}`"),
            Self::Integer(_) | Self::Float(_) => out.write_str("a number"),
            Self::Char(_) => out.write_str("a character"),
            Self::Text(_) => out.write_str("a string"),
            Self::Mark(mark) => write!(out, "`{mark}`"),
            Self::Dot => out.write_str("a dot"),
            Self::End => out.write_str("the end"),
        }
    }
}

/// Cuts tokens off the front of a text.
pub(super) struct Scanner<'a> {
    rest: &'a str,
    line: u32,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            line: 1,
        }
    }

    /// What is not scanned yet.
    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    /// The line of the token last scanned, or of what is wrong with it.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    pub(super) fn error(&self, message: impl Into<Cow<'static, str>>) -> TextError {
        TextError {
            line: self.line,
            message: message.into().into_owned(),
        }
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, TextError> {
        self.skip_space();
        let Some(first) = self.peek() else {
            return Ok(Token::End);
        };
        match first {
            '"' => self.string().map(Token::Text),
            '\'' => {
                self.bump();
                let name = self.quoted('\'')?;
                self.atom(name)
            }
            '$' => {
                self.bump();
                self.character().map(Token::Char)
            }
            '0'..='9' => self.number(),
            '.' => {
                self.bump();
                match self.peek() {
                    None => Ok(Token::Dot),
                    Some(next) if is_space(next) || next == '%' => Ok(Token::Dot),
                    Some(_) => Err(self.error("a dot that ends no term")),
                }
            }
            first if is_lower(first) => self.word(),
            first if is_upper(first) => Ok(Token::Variable(self.take_while(is_name))),
            first => self.mark(first),
        }
    }

    fn mark(&mut self, first: char) -> Result<Token<'a>, TextError> {
        for mark in MARKS {
            if let Some(rest) = self.rest.strip_prefix(mark) {
                self.rest = rest;
                return Ok(Token::Mark(mark));
            }
        }
        Err(self.error(format!("`{}` has no place here", first.escape_debug())))
    }

    fn word(&mut self) -> Result<Token<'a>, TextError> {
        let name = self.take_while(is_name);
        match WORDS.iter().find(|word| **word == name) {
            Some(word) => Ok(Token::Word(word)),
            None => self.atom(name.to_owned()),
        }
    }

    fn atom(&self, name: String) -> Result<Token<'a>, TextError> {
        match name.chars().count() > ATOM_CHARS_MAX {
            true => Err(self.error(format!("an atom has more than {ATOM_CHARS_MAX} characters"))),
            false => Ok(Token::Atom(name)),
        }
    }

    fn skip_space(&mut self) {
        loop {
            self.take_while(is_space);
            if self.peek() != Some('%') {
                return;
            }
            self.take_while(|char| char != '\n');
        }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes the next character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let char = chars.next()?;
        self.rest = chars.as_str();
        if char == '\n' {
            self.line = self.line.saturating_add(1);
        }
        Some(char)
    }

    /// Takes the next character if it is this one.
    pub(super) fn takes(&mut self, char: char) -> bool {
        let is_there = self.peek() == Some(char);
        if is_there {
            self.bump();
        }
        is_there
    }

    /// Takes the longest run of such characters.
    pub(super) fn take_while(&mut self, is_such: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|char| !is_such(char));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let lines = taken.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.rest = rest;
        taken
    }
}

/// As `erl_scan` has it: controls and their likes above ASCII.
pub(super) fn is_space(char: char) -> bool {
    matches!(char, '\0'..=' ' | '\u{80}'..='\u{a0}')
}

/// Letters are those of Latin-1.
pub(crate) fn is_lower(char: char) -> bool {
    matches!(char, 'a'..='z' | 'ß'..='ÿ') && char != '÷'
}

fn is_upper(char: char) -> bool {
    matches!(char, 'A'..='Z' | '_' | 'À'..='Þ') && char != '×'
}

/// Whether an atom or a variable may go on with it.
pub(crate) fn is_name(char: char) -> bool {
    is_lower(char) || is_upper(char) || char.is_ascii_digit() || char == '@'
}

/// Whether an atom needs no quotes.
pub(crate) fn is_plain(name: &str) -> bool {
    name.starts_with(is_lower) && name.chars().all(is_name) && !WORDS.contains(&name)
}
