//! The value itself, and how to look into it.

#[cfg(test)]
mod tests;

/// How deeply a builder may nest terms.
///
/// Real configuration nests less than twenty levels; two hundred and fifty-six frames of the
/// recursive functions over [`Term`] fit any thread's stack.
pub const DEPTH_MAX: usize = 256;

/// How Elixir spells a module's atom: `AuthWeb.Endpoint` is `:"Elixir.AuthWeb.Endpoint"`.
const MODULE_PREFIX: &str = "Elixir.";

/// An Erlang term, of the kinds that configuration is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// An atom; Elixir's `nil`, `true`, `false` and module aliases (`Elixir.AuthWeb.Endpoint`)
    /// are atoms too.
    Atom(String),
    /// An integer.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A binary; Elixir's strings.
    Binary(Vec<u8>),
    /// A proper list; charlists and keyword lists are lists.
    List(Vec<Self>),
    /// A tuple.
    Tuple(Vec<Self>),
    /// A map, in the order written.
    Map(Vec<(Self, Self)>),
    /// A term that configuration cannot use (a big integer, an improper list, a bitstring, a fun, a
    /// pid), as Erlang's `~w` writes it. It equals only the same text.
    Opaque(String),
}

impl Term {
    /// Builds an atom.
    #[must_use]
    pub fn atom(name: &str) -> Self {
        Self::Atom(name.to_owned())
    }

    /// Builds a binary from text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Binary(text.as_bytes().to_vec())
    }

    /// Builds a keyword list.
    #[must_use]
    pub fn keywords<const N: usize>(pairs: [(&str, Self); N]) -> Self {
        let pair = |(key, value): (&str, Self)| Self::Tuple(vec![Self::atom(key), value]);
        Self::List(pairs.into_iter().map(pair).collect())
    }

    /// Returns the name of an atom, `nil` and the booleans included.
    #[must_use]
    pub fn as_atom(&self) -> Option<&str> {
        match self {
            Self::Atom(name) => Some(name),
            Self::Integer(_)
            | Self::Float(_)
            | Self::Binary(_)
            | Self::List(_)
            | Self::Tuple(_)
            | Self::Map(_)
            | Self::Opaque(_) => None,
        }
    }

    /// Returns the name of a module as Elixir code spells it: `AuthWeb.Endpoint`.
    #[must_use]
    pub fn as_module(&self) -> Option<&str> {
        self.as_atom()?.strip_prefix(MODULE_PREFIX)
    }

    /// Returns a boolean atom's value.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.as_atom()? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// Returns whether this is the atom `nil`.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.as_atom() == Some("nil")
    }

    /// Returns an integer.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Atom(_)
            | Self::Float(_)
            | Self::Binary(_)
            | Self::List(_)
            | Self::Tuple(_)
            | Self::Map(_)
            | Self::Opaque(_) => None,
        }
    }

    /// Returns a binary as text, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Binary(bytes) => std::str::from_utf8(bytes).ok(),
            Self::Atom(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::List(_)
            | Self::Tuple(_)
            | Self::Map(_)
            | Self::Opaque(_) => None,
        }
    }

    /// Returns text from a binary or from a charlist (a non-empty list of code points).
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        if let Some(text) = self.as_str() {
            return Some(text.to_owned());
        }
        let items = self.as_list().filter(|items| !items.is_empty())?;
        items
            .iter()
            .map(|item| char::from_u32(u32::try_from(item.as_integer()?).ok()?))
            .collect()
    }

    /// Returns the elements of a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            Self::Atom(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Binary(_)
            | Self::Tuple(_)
            | Self::Map(_)
            | Self::Opaque(_) => None,
        }
    }

    /// Returns the elements of a tuple.
    #[must_use]
    pub fn as_tuple(&self) -> Option<&[Self]> {
        match self {
            Self::Tuple(items) => Some(items),
            Self::Atom(_)
            | Self::Integer(_)
            | Self::Float(_)
            | Self::Binary(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Opaque(_) => None,
        }
    }

    /// Returns key and value of a `{atom, value}` pair.
    #[must_use]
    pub fn as_pair(&self) -> Option<(&str, &Self)> {
        match self.as_tuple()? {
            [key, value] => Some((key.as_atom()?, value)),
            _ => None,
        }
    }

    /// Returns whether this is a keyword list, as `Keyword.keyword?/1` says; `[]` is one.
    #[must_use]
    pub fn is_keyword(&self) -> bool {
        self.as_list()
            .is_some_and(|items| items.iter().all(|item| item.as_pair().is_some()))
    }

    /// Returns the first value under `key` in a list, as `:proplists` does: elements that are no
    /// pairs (`[:inet6, port: 4000]`) are passed over.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_list()?
            .iter()
            .filter_map(Self::as_pair)
            .find_map(|(name, value)| (name == key).then_some(value))
    }
}
