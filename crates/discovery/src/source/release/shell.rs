//! `env.sh`, as far as it needs no shell.
//!
//! Lines that assign literal words count, with `$NAME`, `${NAME}` and `${NAME:-word}` in them. What
//! any other line may assign is unknown; after a line that may assign anything, all is.

use std::collections::BTreeMap;

use super::variables::{Variable, Variables};

#[cfg(test)]
mod tests;

/// Bytes of `env.sh` that are read.
const TEXT_BYTES_MAX: usize = 256 * 1024;

/// `${A:-${B:-…}}` within each other.
const NESTING_MAX: usize = 16;

/// Commands that may assign whatever they like.
const ASSIGNING: [&str; 10] = [
    ".",
    "source",
    "eval",
    "read",
    "getopts",
    "mapfile",
    "readarray",
    "alias",
    "trap",
    "function",
];

/// Commands that are followed by names.
const NAMING: [&str; 6] = ["export", "unset", "declare", "typeset", "readonly", "local"];

/// Words behind which another command begins.
const LEADING: [&str; 9] = [
    "then", "do", "else", "elif", "!", "{", "if", "while", "until",
];

/// Runs `text`, which stands in `path`, on the variables of a release's start. Returns the line
/// after which nothing is certain any more, if there is one.
pub(super) fn run(path: &str, text: &str, variables: &mut Variables) -> Option<u32> {
    let mut shell = Shell {
        path,
        variables,
        local: BTreeMap::new(),
        depth: 0,
        line: 0,
    };
    shell.lines(text).err()
}

struct Shell<'a> {
    path: &'a str,
    variables: &'a mut Variables,
    /// What is assigned and not exported.
    local: BTreeMap<String, Variable>,
    /// How many `if`, `case`, loops and functions are open.
    depth: usize,
    line: u32,
}

impl Shell<'_> {
    fn lines(&mut self, text: &str) -> Result<(), u32> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(self.doubt());
        }
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            self.line = self.line.saturating_add(1);
            let mut whole = line.to_owned();
            let first = self.line;
            while whole.ends_with('\\') && !whole.trim_start().starts_with('#') {
                whole.pop();
                whole.push_str(lines.next().unwrap_or_default());
                self.line = self.line.saturating_add(1);
            }
            let last = std::mem::replace(&mut self.line, first);
            let line = whole.trim();
            // Outside of every block, nothing below is run.
            if self.depth == 0 && (line == "return" || line.starts_with("return ")) {
                return Ok(());
            }
            if !line.is_empty() && !line.starts_with('#') {
                self.command(line)?;
            }
            self.line = last;
        }
        Ok(())
    }

    fn command(&mut self, line: &str) -> Result<(), u32> {
        match Assignments::read(line) {
            Some(assignments) if self.depth == 0 => {
                self.assign(&assignments);
                Ok(())
            }
            Some(assignments) => {
                for (name, _) in assignments.pairs {
                    self.put(&name, self.unsure(&name), assignments.is_export);
                }
                Ok(())
            }
            None => self.other(line),
        }
    }

    fn assign(&mut self, assignments: &Assignments) {
        for (name, word) in &assignments.pairs {
            let value = match word {
                Some(word) => self.expand(word, name, NESTING_MAX),
                // `export NAME` alone.
                None => self.look_up(name),
            };
            self.put(name, value, assignments.is_export);
        }
    }

    /// A command that isn't read: whatever it may assign is unknown.
    fn other(&mut self, line: &str) -> Result<(), u32> {
        let Some(tokens) = tokens(line) else {
            return Err(self.doubt());
        };
        // A function, which may be called anywhere below.
        if tokens.windows(2).any(|pair| pair == ["(", ")"]) {
            return Err(self.doubt());
        }
        let mut begins = true;
        let mut names = false;
        // Within a substitution other commands stand.
        let mut inside = 0_usize;
        for token in &tokens {
            match token.as_str() {
                "(" => inside = inside.saturating_add(1),
                ")" => inside = inside.saturating_sub(1),
                token if inside > 0 && names && is_quoted(token) => return Err(self.doubt()),
                _ if inside > 0 && names => {}
                ";" | "&" | "|" => names = false,
                token if begins => {
                    self.head(token, line)?;
                    names = NAMING.contains(&token);
                }
                token if names => self.named(token)?,
                _ => {}
            }
            begins = !names
                && (matches!(token.as_str(), ";" | "&" | "|" | "(" | ")")
                    || begins && is_leading(token));
        }
        for name in assigned(line) {
            // Exported before or after, or not at all: nobody knows.
            let why = self.unsure(&name);
            self.put(&name, why, true);
        }
        Ok(())
    }

    /// A word behind an `export` or `unset`.
    fn named(&mut self, token: &str) -> Result<(), u32> {
        let name = token.split('=').next().unwrap_or_default();
        if is_name(name) {
            let unsure = self.unsure(name);
            self.put(name, unsure, true);
            return Ok(());
        }
        match token.starts_with('-') || matches!(token, "<" | ">") {
            true => Ok(()),
            // The name itself is computed.
            false => Err(self.doubt()),
        }
    }

    /// The first word of a command.
    fn head(&mut self, token: &str, line: &str) -> Result<(), u32> {
        match token {
            "if" | "case" | "for" | "while" | "until" | "select" | "{" => {
                self.depth = self.depth.saturating_add(1);
            }
            "fi" | "esac" | "done" | "}" => self.depth = self.depth.saturating_sub(1),
            // It may skip what follows.
            "return" => return Err(self.doubt()),
            "set" if exports_all(line) => return Err(self.doubt()),
            word if ASSIGNING.contains(&word) => return Err(self.doubt()),
            _ => {}
        }
        Ok(())
    }

    fn put(&mut self, name: &str, variable: Variable, is_export: bool) {
        let is_exported = self.variables.get(name) != Variable::Unset;
        // The script that starts the release exports these itself.
        if is_export || is_exported || name.starts_with("RELEASE_") {
            self.local.remove(name);
            self.variables.put(name, variable);
        } else {
            self.local.insert(name.to_owned(), variable);
        }
    }

    fn look_up(&self, name: &str) -> Variable {
        let local = self.local.get(name).cloned();
        local.unwrap_or_else(|| self.variables.get(name))
    }

    fn unsure(&self, name: &str) -> Variable {
        let Self { path, line, .. } = self;
        Variable::Unknown(format!("{path}:{line} may set {name} to what isn't read"))
    }

    fn doubt(&mut self) -> u32 {
        let Self { path, line, .. } = self;
        let why = format!("{path}:{line} may set any variable");
        self.variables.doubt(why);
        self.line
    }

    /// The value of a word, `name`'s.
    fn expand(&self, word: &str, name: &str, nesting: usize) -> Variable {
        let Some(nesting) = nesting.checked_sub(1) else {
            return self.unsure(name);
        };
        let mut text = String::new();
        let mut quote = None;
        let mut rest = word;
        while let Some(char) = rest.chars().next() {
            rest = &rest[char.len_utf8()..];
            match (char, quote) {
                ('\'' | '"', None) => quote = Some(char),
                (char, Some(open)) if char == open => quote = None,
                ('$', None | Some('"')) => match self.parameter(rest, quote, nesting) {
                    // Some shells split it there.
                    Some((value, _)) if quote.is_none() && !is_one_word(&value) => {
                        return self.unsure(name);
                    }
                    Some((value, left)) => {
                        text.push_str(&value);
                        rest = left;
                    }
                    None => return self.unsure(name),
                },
                ('`', None | Some('"')) => return self.unsure(name),
                ('\\', None) => text.extend(take(&mut rest)),
                ('\\', Some('"')) => {
                    // Others keep their backslash there.
                    if !rest.starts_with(['$', '`', '"', '\\']) {
                        text.push('\\');
                    }
                    text.extend(take(&mut rest));
                }
                ('~', None) if text.is_empty() || text.ends_with(':') => return self.unsure(name),
                (char, _) => text.push(char),
            }
        }
        match quote {
            None => Variable::Set(text),
            Some(_) => self.unsure(name),
        }
    }

    /// What stands behind a `$`: its value and what is left behind it.
    fn parameter<'t>(
        &self,
        rest: &'t str,
        quote: Option<char>,
        nesting: usize,
    ) -> Option<(String, &'t str)> {
        let Some(inner) = rest.strip_prefix('{') else {
            let end = rest
                .find(|char: char| !is_name_char(char))
                .unwrap_or(rest.len());
            let (parameter, left) = rest.split_at(end);
            let value = is_name(parameter).then(|| self.look_up(parameter))?;
            return Some((text_of(value)?, left));
        };
        let end = inner.find(|char: char| !is_name_char(char))?;
        let (parameter, after) = inner.split_at(end);
        if !is_name(parameter) {
            return None;
        }
        let value = self.look_up(parameter);
        if let Some(left) = after.strip_prefix('}') {
            return Some((text_of(value)?, left));
        }
        let (word, is_empty_unset) = match after.strip_prefix(":-") {
            Some(word) => (word, true),
            None => (after.strip_prefix('-')?, false),
        };
        let close = closing(word)?;
        let left = &word[close.saturating_add(1)..];
        let word = &word[..close];
        // Quotes inside of quotes are characters, or not: shells differ.
        if quote.is_some() && word.contains(['\'', '"']) {
            return None;
        }
        let value = match value {
            Variable::Set(text) if !(text.is_empty() && is_empty_unset) => text,
            Variable::Unknown(_) => return None,
            Variable::Set(_) | Variable::Unset => {
                text_of_known(self.expand(word, parameter, nesting))?
            }
        };
        Some((value, left))
    }
}

/// An unset parameter is empty.
fn text_of(variable: Variable) -> Option<String> {
    match variable {
        Variable::Set(text) => Some(text),
        Variable::Unset => Some(String::new()),
        Variable::Unknown(_) => None,
    }
}

fn text_of_known(variable: Variable) -> Option<String> {
    match variable {
        Variable::Set(text) => Some(text),
        Variable::Unset | Variable::Unknown(_) => None,
    }
}

fn take(rest: &mut &str) -> Option<char> {
    let mut chars = rest.chars();
    let char = chars.next();
    *rest = chars.as_str();
    char
}

/// Where the `}` stands that closes a `${`; none inside of quotes, which would hide it.
fn closing(word: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut before = ' ';
    for (at, char) in word.char_indices() {
        match (char, quote) {
            ('\\', _) => return None,
            ('\'' | '"', None) => quote = Some(char),
            (char, Some(open)) if char == open => quote = None,
            ('{', None) if before == '$' => depth = depth.saturating_add(1),
            ('}', None) => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return Some(at),
            },
            _ => {}
        }
        before = char;
    }
    None
}

/// A line of nothing but assignments.
#[derive(Debug)]
struct Assignments {
    is_export: bool,
    /// Names with the words assigned; `export NAME` has none.
    pairs: Vec<(String, Option<String>)>,
}

impl Assignments {
    fn read(line: &str) -> Option<Self> {
        // Quotes inside of it are none of the line's.
        if line.contains("$(") || line.contains('`') {
            return None;
        }
        let mut words = words(line)?.into_iter().peekable();
        let is_export = words.next_if(|word| word == "export").is_some();
        let mut pairs = Vec::new();
        for word in words {
            match word.split_once('=') {
                Some((name, value)) if is_name(name) => {
                    pairs.push((name.to_owned(), Some(value.to_owned())));
                }
                None if is_export && is_name(&word) => pairs.push((word, None)),
                Some(_) | None => return None,
            }
        }
        (!pairs.is_empty()).then_some(Self { is_export, pairs })
    }
}

/// Cuts a line into words, quotes kept; `None` where it is more than words.
fn words(line: &str) -> Option<Vec<String>> {
    let mut tokens = tokens(line)?;
    tokens.pop_if(|last| last == ";");
    let is_word =
        |token: &String| !matches!(token.as_str(), ";" | "&" | "|" | "(" | ")" | "<" | ">");
    tokens.iter().all(is_word).then_some(tokens)
}

/// Cuts a line into words and signs, its comment left out; `None` where something goes on in the
/// next line.
fn tokens(line: &str) -> Option<Vec<String>> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut braces = 0_usize;
    let mut open = 0_usize;
    let mut ticks = 0_u32;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, quote) {
            ('\\', None | Some('"')) => {
                word.push(char);
                word.extend(chars.next());
            }
            ('\'' | '"', None) => {
                quote = Some(char);
                word.push(char);
            }
            (char, Some(open)) => {
                if char == open {
                    quote = None;
                }
                word.push(char);
            }
            ('$', None) if chars.peek() == Some(&'{') => {
                braces = braces.saturating_add(1);
                word.push(char);
                word.extend(chars.next());
            }
            ('}', None) if braces > 0 => {
                braces = braces.saturating_sub(1);
                word.push(char);
            }
            (char, None) if braces > 0 => word.push(char),
            ('#', None) if word.is_empty() => break,
            ('<', None) if chars.peek() == Some(&'<') => return None,
            (';' | '&' | '|' | '(' | ')' | '<' | '>', None) => {
                match char {
                    '(' => open = open.saturating_add(1),
                    ')' => open = open.saturating_sub(1),
                    _ => {}
                }
                tokens.push(std::mem::take(&mut word));
                tokens.push(char.to_string());
            }
            ('`', None) => {
                ticks = ticks.saturating_add(1);
                word.push(char);
            }
            (char, None) if char.is_whitespace() => tokens.push(std::mem::take(&mut word)),
            (char, None) => word.push(char),
        }
    }
    if quote.is_some() || braces > 0 || open > 0 || !ticks.is_multiple_of(2) {
        return None;
    }
    tokens.push(word);
    tokens.retain(|token| !token.is_empty());
    Some(tokens)
}

fn is_one_word(value: &str) -> bool {
    !value.contains(|char: char| char.is_whitespace() || matches!(char, '*' | '?' | '['))
}

/// Whether a `set` makes every assignment an export.
fn exports_all(line: &str) -> bool {
    let flags = |word: &str| word.starts_with('-') && word.contains(['a', 'k']);
    line.contains("allexport") || line.split_whitespace().any(flags)
}

fn is_quoted(token: &str) -> bool {
    token.contains(['`', '"', '\''])
}

fn is_leading(token: &str) -> bool {
    LEADING.contains(&token)
}

/// The names that any part of a line might assign: `NAME=`, `NAME+=`, `${NAME:=…}`.
fn assigned(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, _) in line.match_indices('=') {
        let before = line[..at].trim_end_matches([':', '+']);
        let start = before
            .rfind(|char: char| !is_name_char(char))
            .map_or(0, |at| at.saturating_add(1));
        let name = before.get(start..).unwrap_or_default();
        if is_name(name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(is_name_char)
}

fn is_name_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}
