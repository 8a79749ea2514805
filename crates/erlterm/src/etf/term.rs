//! A term as it stands in the bytes it was read from.

use std::borrow::Cow;

use super::decode::decode_row;

/// A decoded term that borrows its texts and binaries.
#[derive(Clone, Debug, PartialEq)]
pub enum TermRef<'a> {
    /// An atom. One in Latin-1, as old nodes write it, is turned into UTF-8.
    Atom(Cow<'a, str>),
    /// An integer that fits 64 bits.
    Integer(i64),
    /// A float.
    Float(f64),
    /// A binary.
    Binary(&'a [u8]),
    /// A proper list; strings of the wire among them, as lists of small integers.
    List(Vec<Self>),
    /// A tuple.
    Tuple(Vec<Self>),
    /// A map, in the order sent.
    Map(Vec<(Self, Self)>),
    /// A process.
    Pid(Pid<'a>),
    /// A reference.
    Reference(Reference<'a>),
    /// Anything else, passed on as it came.
    Opaque(Opaque<'a>),
}

/// A process on a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pid<'a> {
    /// The node's name.
    pub node: Cow<'a, str>,
    /// Number of the process.
    pub id: u32,
    /// Further digits of that number.
    pub serial: u32,
    /// Which start of the node it belongs to; 0 fits any.
    pub creation: u32,
}

/// A reference made by a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference<'a> {
    /// The node's name.
    pub node: Cow<'a, str>,
    /// Which start of the node it belongs to.
    pub creation: u32,
    /// Its words; only the first `len` count.
    words: [u32; Reference::WORDS_MAX],
    len: usize,
}

impl<'a> Reference<'a> {
    /// Words that a reference has at most.
    pub const WORDS_MAX: usize = 5;

    /// Builds a reference; `None` if it has no words or more than [`Self::WORDS_MAX`].
    #[must_use]
    pub fn new(node: Cow<'a, str>, creation: u32, words: &[u32]) -> Option<Self> {
        let mut kept = [0; Self::WORDS_MAX];
        if words.is_empty() {
            return None;
        }
        kept.get_mut(..words.len())?.copy_from_slice(words);
        Some(Self {
            node,
            creation,
            words: kept,
            len: words.len(),
        })
    }

    /// Returns its words.
    #[must_use]
    pub fn words(&self) -> &[u32] {
        self.words.get(..self.len).unwrap_or_default()
    }
}

/// A term of a kind that nobody here looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opaque<'a> {
    /// What it is.
    pub kind: OpaqueKind,
    /// All its bytes, the tag first.
    pub bytes: &'a [u8],
}

impl<'a> Opaque<'a> {
    /// Returns the elements and the end of an improper list: `[a, b | c]`.
    #[must_use]
    pub fn improper_list(&self) -> Option<(Vec<TermRef<'a>>, TermRef<'a>)> {
        if self.kind != OpaqueKind::ImproperList {
            return None;
        }
        // Behind the tag and the count.
        let mut items = decode_row(self.bytes.get(5..)?).ok()?;
        let tail = items.pop()?;
        Some((items, tail))
    }
}

/// Kinds of terms that nobody here looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpaqueKind {
    /// An integer beyond 64 bits.
    Integer,
    /// A list whose end is no list.
    ImproperList,
    /// A binary whose last byte is not whole.
    Bitstring,
    /// A port.
    Port,
    /// An anonymous function.
    Fun,
    /// A module's function, `fun m:f/1`.
    Export,
}

impl TermRef<'_> {
    /// Builds an atom from a literal.
    #[must_use]
    pub fn atom(name: &'static str) -> Self {
        Self::Atom(Cow::Borrowed(name))
    }

    /// Returns the name of an atom.
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
            | Self::Pid(_)
            | Self::Reference(_)
            | Self::Opaque(_) => None,
        }
    }
}
