//! Erlang terms: the value in which every way of discovery ends.
//!
//! It is not an evaluator and knows no nodes or files.

/// An Erlang term. More kinds (pids, references, big integers) come with the external format.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// An atom; Elixir's `nil`, `true`, `false` and module aliases (`Elixir.AuthWeb.Endpoint`) are atoms too.
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
}
