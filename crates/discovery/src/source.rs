//! The ways of discovery; each turns what it can see into a [`routes::Report`].

pub(crate) mod config;
pub(crate) mod gather;
pub(crate) mod kept;
pub(crate) mod machine;
pub(crate) mod node;
pub(crate) mod now;
pub(crate) mod package;
pub(crate) mod release;
pub(crate) mod running;
pub(crate) mod static_route;
