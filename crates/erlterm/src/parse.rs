//! Reads a file of terms, as `file:consult/1` does: `sys.config`, `*.app`, `*.rel`.
//!
//! Variables, operators, funs with a body and whatever else has no value until something runs is
//! refused, as Erlang refuses it. Strings in three quotes are read as OTP 27 reads them.

mod bits;
mod map;
mod number;
mod quoted;
mod scan;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, error::Error, fmt};

use crate::{DEPTH_MAX, Term, write};
use map::distinct;
pub(crate) use scan::is_plain;
use scan::{Scanner, Token};

/// Terms in one text, the characters of strings among them; a sys.config has some thousands.
pub const TEXT_TERMS_MAX: usize = 1 << 20;

/// Why a text holds no terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Where, from 1.
    pub line: u32,
    /// What is wrong, as a clause.
    pub message: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}", self.line, self.message)
    }
}

impl Error for TextError {}

/// Reads all terms of a text, each of which ends in a dot.
///
/// # Errors
///
/// Erlang would not read it either, it nests deeper than [`DEPTH_MAX`], or it holds more than
/// [`TEXT_TERMS_MAX`] terms.
pub fn parse_text(text: &str) -> Result<Vec<Term>, TextError> {
    parse_bytes(text.as_bytes())
}

/// Reads all terms of a file's bytes, which are UTF-8 unless a comment in its first two lines says
/// `coding: latin-1`.
///
/// # Errors
///
/// As [`parse_text`], and for bytes that are not what they are said to be.
pub fn parse_bytes(bytes: &[u8]) -> Result<Vec<Term>, TextError> {
    let text = match is_latin1(bytes) {
        true => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
        false => Cow::Borrowed(utf8(bytes)?),
    };
    let mut parser = Parser {
        scanner: Scanner::new(&text),
        ahead: None,
        depth: 0,
        terms: 0,
    };
    let mut terms = Vec::new();
    while parser.peek()? != &Token::End {
        terms.push(parser.term()?);
        parser.expect(&Token::Dot)?;
    }
    Ok(terms)
}

/// Looks for the comment of which `epp:read_encoding/1` tells.
fn is_latin1(bytes: &[u8]) -> bool {
    let comments = bytes.split(|byte| *byte == b'\n').take(2);
    let said = comments
        .filter_map(|line| {
            let start = line.iter().position(|byte| *byte == b'%')?;
            let comment = String::from_utf8_lossy(line.get(start..)?).to_lowercase();
            let after = comment.split_once("coding")?.1.trim_start();
            let name = after.strip_prefix([':', '='])?.trim_start();
            Some(name.starts_with("latin-1"))
        })
        .next();
    said.unwrap_or(false)
}

fn utf8(bytes: &[u8]) -> Result<&str, TextError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.iter().take(error.valid_up_to());
        let lines = before.filter(|byte| **byte == b'\n').count();
        TextError {
            line: u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1),
            message: "it is not UTF-8, and no comment says `coding: latin-1`".to_owned(),
        }
    })
}

/// Tokens to terms, one token ahead.
struct Parser<'a> {
    scanner: Scanner<'a>,
    ahead: Option<Token<'a>>,
    depth: usize,
    terms: usize,
}

impl<'a> Parser<'a> {
    fn term(&mut self) -> Result<Term, TextError> {
        self.count(1)?;
        match self.next()? {
            Token::Atom(name) => Ok(Term::Atom(name)),
            Token::Word("fun") => self.function(),
            Token::Integer(digits) => Ok(integer(digits)),
            Token::Float(number) => Ok(Term::Float(number)),
            Token::Char(char) => Ok(code_point(char)),
            Token::Text(text) => {
                let text = self.joined(text)?;
                self.count(text.chars().count())?;
                Ok(Term::List(text.chars().map(code_point).collect()))
            }
            Token::Mark("-") => self.signed().and_then(|number| self.negative(number)),
            Token::Mark("+") => self.signed(),
            Token::Mark("(") => {
                let term = self.nested(Self::term)?;
                self.expect(&Token::Mark(")")).map(|()| term)
            }
            Token::Mark("{") => self.nested(|parser| parser.sequence("}")).map(Term::Tuple),
            Token::Mark("[") => self.nested(Self::list),
            Token::Mark("<<") => self.binary(),
            Token::Mark("#") => {
                self.expect(&Token::Mark("{"))?;
                let pairs = self.nested(Self::pairs)?;
                Ok(Term::Map(distinct(pairs)))
            }
            Token::Variable(name) => Err(self.error(format!(
                "{name} is a variable, which has no value in a file of terms"
            ))),
            token @ (Token::Word(_) | Token::Mark(_) | Token::Dot | Token::End) => {
                Err(self.error(format!("{token} where a term is expected")))
            }
        }
    }

    /// Terms with commas between, up to `end`.
    fn sequence(&mut self, end: &'static str) -> Result<Vec<Term>, TextError> {
        let end = Token::Mark(end);
        let mut items = Vec::new();
        if self.takes(&end)? {
            return Ok(items);
        }
        loop {
            items.push(self.term()?);
            if !self.takes(&Token::Mark(","))? {
                return self.expect(&end).map(|()| items);
            }
        }
    }

    /// A list behind its `[`. A list behind a `|` goes on in the same one, so that `[a|[b|[c]]]`
    /// is copied once.
    fn list(&mut self) -> Result<Term, TextError> {
        let mut items = Vec::new();
        let mut tails = 0_usize;
        let last = loop {
            if self.takes(&Token::Mark("]"))? {
                break None;
            }
            items.push(self.term()?);
            while self.takes(&Token::Mark(","))? {
                items.push(self.term()?);
            }
            if !self.takes(&Token::Mark("|"))? {
                self.expect(&Token::Mark("]"))?;
                break None;
            }
            if !self.takes(&Token::Mark("["))? {
                let last = self.term()?;
                self.expect(&Token::Mark("]"))?;
                break Some(last);
            }
            tails = tails.saturating_add(1);
        };
        for _ in 0..tails {
            self.expect(&Token::Mark("]"))?;
        }
        Ok(match last {
            None => Term::List(items),
            // `[a|"bc"]` is a proper list.
            Some(Term::List(more)) => {
                items.extend(more);
                Term::List(items)
            }
            Some(tail) => Term::Opaque(write::improper(&items, &tail)),
        })
    }

    fn pairs(&mut self) -> Result<Vec<(Term, Term)>, TextError> {
        let end = Token::Mark("}");
        let mut pairs = Vec::new();
        if self.takes(&end)? {
            return Ok(pairs);
        }
        loop {
            let key = self.term()?;
            self.expect(&Token::Mark("=>"))?;
            pairs.push((key, self.term()?));
            if !self.takes(&Token::Mark(","))? {
                return self.expect(&end).map(|()| pairs);
            }
        }
    }

    /// `fun m:f/1` behind its first word.
    fn function(&mut self) -> Result<Term, TextError> {
        let refused = "only a fun such as `fun m:f/1` is a term";
        let Token::Atom(module) = self.next()? else {
            return Err(self.error(refused.to_owned()));
        };
        if !self.takes(&Token::Mark(":"))? {
            return Err(self.error(refused.to_owned()));
        }
        let Token::Atom(name) = self.next()? else {
            return Err(self.error(refused.to_owned()));
        };
        self.expect(&Token::Mark("/"))?;
        match self.next()? {
            Token::Integer(digits) if digits.parse::<u8>().is_ok() => {
                Ok(Term::Opaque(write::function(&module, &name, &digits)))
            }
            _ => Err(self.error(refused.to_owned())),
        }
    }

    /// The number behind a sign.
    fn signed(&mut self) -> Result<Term, TextError> {
        if self.takes(&Token::Mark("("))? {
            let number = self.nested(Self::number)?;
            return self.expect(&Token::Mark(")")).map(|()| number);
        }
        self.number()
    }

    fn number(&mut self) -> Result<Term, TextError> {
        match self.next()? {
            Token::Integer(digits) => Ok(integer(digits)),
            Token::Float(number) => Ok(Term::Float(number)),
            Token::Char(char) => Ok(code_point(char)),
            token => Err(self.error(format!("{token} where a number is expected"))),
        }
    }

    fn negative(&self, number: Term) -> Result<Term, TextError> {
        match number {
            Term::Integer(number) => Ok(number
                .checked_neg()
                .map_or_else(|| Term::Opaque(format!("-{number}")), Term::Integer)),
            Term::Opaque(digits) => Ok(integer(format!("-{digits}"))),
            Term::Float(number) => Ok(Term::Float(-number)),
            Term::Atom(_) | Term::Binary(_) | Term::List(_) | Term::Tuple(_) | Term::Map(_) => {
                Err(self.error("a sign in front of what is no number".to_owned()))
            }
        }
    }

    /// Strings side by side are one.
    fn joined(&mut self, mut text: String) -> Result<String, TextError> {
        while let Token::Text(more) = self.peek()? {
            text.push_str(more);
            self.next()?;
        }
        Ok(text)
    }

    fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, TextError>,
    ) -> Result<T, TextError> {
        // The innermost terms have no inside, but count as a level of their own.
        if self.depth.saturating_add(1) >= DEPTH_MAX {
            return Err(self.error(format!("it nests deeper than {DEPTH_MAX} levels")));
        }
        self.depth = self.depth.saturating_add(1);
        let result = inner(self);
        self.depth = self.depth.saturating_sub(1);
        result
    }

    fn count(&mut self, terms: usize) -> Result<(), TextError> {
        self.terms = self.terms.saturating_add(terms);
        match self.terms > TEXT_TERMS_MAX {
            true => Err(self.error(format!("it holds more than {TEXT_TERMS_MAX} terms"))),
            false => Ok(()),
        }
    }

    fn next(&mut self) -> Result<Token<'a>, TextError> {
        match self.ahead.take() {
            Some(token) => Ok(token),
            None => self.scanner.next(),
        }
    }

    fn peek(&mut self) -> Result<&Token<'a>, TextError> {
        let token = self.next()?;
        Ok(self.ahead.insert(token))
    }

    /// Takes the next token if it is this one.
    fn takes(&mut self, token: &Token<'_>) -> Result<bool, TextError> {
        let is_there = self.peek()? == token;
        if is_there {
            self.ahead = None;
        }
        Ok(is_there)
    }

    fn expect(&mut self, token: &Token<'_>) -> Result<(), TextError> {
        let found = self.next()?;
        match &found == token {
            true => Ok(()),
            false => Err(self.error(format!("{found} where {token} is expected"))),
        }
    }

    /// An error at the token last scanned.
    fn error(&self, message: String) -> TextError {
        TextError {
            line: self.scanner.line(),
            message,
        }
    }
}

fn code_point(char: char) -> Term {
    Term::Integer(i64::from(u32::from(char)))
}

/// Digits with or without a sign; what doesn't fit is kept as text.
fn integer(digits: String) -> Term {
    match digits.parse() {
        Ok(number) => Term::Integer(number),
        Err(_) => Term::Opaque(digits),
    }
}
