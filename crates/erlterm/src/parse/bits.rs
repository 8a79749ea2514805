//! Binaries: bytes, strings, and UTF-8.

use super::{Parser, TextError, integer, scan::Token};
use crate::Term;

/// What one segment of a binary has in front of its size and type.
enum Value {
    Number(Term),
    Text(String),
    /// A float, another binary, or what is computed.
    Odd,
}

impl Parser<'_> {
    /// A binary behind its `<<`. One with segments that are no bytes is kept as it is written.
    pub(super) fn binary(&mut self) -> Result<Term, TextError> {
        let start = self.scanner.rest();
        let mut bytes = Some(Vec::new());
        if !self.takes(&Token::Mark(">>"))? {
            loop {
                let segment = self.segment()?;
                bytes = bytes.zip(segment).map(|(mut bytes, segment)| {
                    bytes.extend(segment);
                    bytes
                });
                if !self.takes(&Token::Mark(","))? {
                    self.expect(&Token::Mark(">>"))?;
                    break;
                }
            }
        }
        let length = start.len().saturating_sub(self.scanner.rest().len());
        let written = || format!("<<{}", start.get(..length).unwrap_or_default());
        Ok(bytes.map_or_else(|| Term::Opaque(written()), Term::Binary))
    }

    /// The bytes of one segment, `None` where they aren't plain.
    fn segment(&mut self) -> Result<Option<Vec<u8>>, TextError> {
        let value = self.value()?;
        let sized = self.takes(&Token::Mark(":"))?;
        if sized {
            self.value()?;
        }
        let mut is_utf8 = false;
        let mut is_odd = sized;
        if self.takes(&Token::Mark("/"))? {
            is_utf8 = self.kinds()?.is_some_and(|kind| kind == "utf8");
            is_odd |= !is_utf8;
        }
        if is_odd {
            return Ok(None);
        }
        match value {
            Value::Odd => Ok(None),
            Value::Text(text) if is_utf8 => Ok(Some(text.into_bytes())),
            // Erlang cuts each character to a byte.
            Value::Text(text) => Ok(Some(
                text.chars()
                    .map(|char| low(i64::from(u32::from(char))))
                    .collect(),
            )),
            Value::Number(Term::Integer(number)) if is_utf8 => {
                let char = u32::try_from(number).ok().and_then(char::from_u32);
                let char = char.ok_or_else(|| self.error(format!("{number} is no character")))?;
                Ok(Some(char.to_string().into_bytes()))
            }
            Value::Number(Term::Integer(number)) => Ok(Some(vec![low(number)])),
            Value::Number(_) => Ok(None),
        }
    }

    fn value(&mut self) -> Result<Value, TextError> {
        match self.next()? {
            Token::Text(text) => self.joined(text).map(Value::Text),
            Token::Integer(digits) => Ok(Value::Number(integer(digits))),
            Token::Char(char) => Ok(Value::Number(super::code_point(char))),
            Token::Mark("+") => self.signed().map(Value::Number),
            Token::Mark("-") => {
                let number = self.signed()?;
                self.negative(number).map(Value::Number)
            }
            Token::Float(_) => Ok(Value::Odd),
            Token::Mark("<<") => self.nested(Self::binary).map(|_| Value::Odd),
            Token::Mark("(") => {
                self.nested(Self::value)?;
                self.expect(&Token::Mark(")")).map(|()| Value::Odd)
            }
            token => Err(self.error(format!("{token} in a binary"))),
        }
    }

    /// The words behind a segment's `/`; the word if there is just one.
    fn kinds(&mut self) -> Result<Option<String>, TextError> {
        let mut kinds = Vec::new();
        loop {
            match self.next()? {
                Token::Atom(kind) => kinds.push(kind),
                token => return Err(self.error(format!("{token} where a type is expected"))),
            }
            if self.takes(&Token::Mark(":"))? {
                self.number()?;
                kinds.push(String::new());
            }
            if !self.takes(&Token::Mark("-"))? {
                return Ok(kinds.pop().filter(|_| kinds.is_empty()));
            }
        }
    }
}

/// The lowest byte of a number, as a segment of eight bits has it.
fn low(number: i64) -> u8 {
    number.to_le_bytes()[0]
}
