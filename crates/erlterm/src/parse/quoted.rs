//! Strings, quoted atoms and characters, with their escapes.

use super::{
    TextError,
    scan::{Scanner, is_space},
};

impl Scanner<'_> {
    /// A string from its first quote on.
    pub(super) fn string(&mut self) -> Result<String, TextError> {
        let quotes = self.take_while(|char| char == '"');
        match quotes.len() {
            1 => self.quoted('"'),
            2 => Ok(String::new()),
            _ => self.block(quotes),
        }
    }

    /// What stands up to `end`, escapes resolved.
    pub(super) fn quoted(&mut self, end: char) -> Result<String, TextError> {
        let begun = self.line();
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|char| char != end && char != '\\'));
            match self.bump() {
                Some('\\') => text.push(self.escape()?),
                Some(_) => return Ok(text),
                None => {
                    return Err(TextError {
                        line: begun,
                        message: format!("a {end} that is never closed"),
                    });
                }
            }
        }
    }

    /// The character behind a `$`.
    pub(super) fn character(&mut self) -> Result<char, TextError> {
        match self.bump() {
            Some('\\') => self.escape(),
            Some(char) => Ok(char),
            None => Err(self.error("a `$` without its character")),
        }
    }

    /// The character behind a `\`.
    fn escape(&mut self) -> Result<char, TextError> {
        let Some(first) = self.bump() else {
            return Err(self.error("a `\\` without its character"));
        };
        match first {
            'b' => Ok('\u{8}'),
            'd' => Ok('\u{7f}'),
            'e' => Ok('\u{1b}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            's' => Ok(' '),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            '^' => self.control(),
            'x' => self.hexadecimal(),
            '0'..='7' => self.octal(first),
            other => Ok(other),
        }
    }

    fn control(&mut self) -> Result<char, TextError> {
        // What stands outside of this row differs between versions of Erlang.
        match self.bump() {
            Some(char @ ('@'..='_' | 'a'..='z')) => {
                let bits = u32::from(char) & 0x1f;
                char::from_u32(bits).ok_or_else(|| self.error("an escape that is no character"))
            }
            Some(_) | None => Err(self.error("a `\\^` without its letter")),
        }
    }

    fn hexadecimal(&mut self) -> Result<char, TextError> {
        let digits = if self.takes('{') {
            let digits = self.take_while(|char| char.is_ascii_hexdigit());
            if !self.takes('}') {
                return Err(self.error("a `\\x{` that is never closed"));
            }
            digits.to_owned()
        } else {
            let mut two = String::new();
            while let Some(digit) = self.peek().filter(char::is_ascii_hexdigit)
                && two.len() < 2
            {
                two.push(digit);
                self.bump();
            }
            match two.len() {
                2 => two,
                _ => return Err(self.error("a `\\x` without its two digits")),
            }
        };
        let code = u32::from_str_radix(&digits, 16).ok();
        code.and_then(char::from_u32)
            .ok_or_else(|| self.error("an escape that is no character"))
    }

    fn octal(&mut self, first: char) -> Result<char, TextError> {
        let mut digits = String::from(first);
        while let Some(digit) = self.peek().filter(|char| matches!(char, '0'..='7'))
            && digits.len() < 3
        {
            digits.push(digit);
            self.bump();
        }
        let code = u32::from_str_radix(&digits, 8).ok();
        code.and_then(char::from_u32)
            .ok_or_else(|| self.error("an escape that is no character"))
    }

    /// The lines of a string in three quotes or more (OTP 27, EEP 64): as they are, without the
    /// indentation of the closing quotes.
    fn block(&mut self, quotes: &str) -> Result<String, TextError> {
        let begun = self.line();
        let unclosed = || TextError {
            line: begun,
            message: format!("a {quotes} that is never closed"),
        };
        self.take_while(|char| is_space(char) && char != '\n');
        if self.bump() != Some('\n') {
            return Err(self.error(format!("text on the line of the {quotes} that opens it")));
        }
        let mut lines = Vec::new();
        let indentation = loop {
            let spaces = self.take_while(|char| is_space(char) && char != '\n');
            if let Some(rest) = self.rest().strip_prefix(quotes) {
                if rest.starts_with('"') {
                    return Err(self.error(format!("more than {quotes} to close a string")));
                }
                self.take_while(|char| char == '"');
                break spaces;
            }
            lines.push((spaces, self.take_while(|char| char != '\n')));
            self.bump().ok_or_else(unclosed)?;
        };
        let mut text = Vec::with_capacity(lines.len());
        for (spaces, line) in lines {
            match spaces.strip_prefix(indentation) {
                Some(kept) => text.push(format!("{kept}{line}")),
                None if line.is_empty() => text.push(String::new()),
                None => {
                    return Err(TextError {
                        line: begun,
                        message: "a line that is indented less than the quotes that close it"
                            .to_owned(),
                    });
                }
            }
        }
        let mut text = text.join("\n");
        // The end of the last line belongs to the closing quotes.
        if text.ends_with('\r') {
            text.pop();
        }
        Ok(text)
    }
}
