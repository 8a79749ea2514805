//! The ways of discovery; each turns what it can see into a [`routes::Report`].

pub mod config;
pub mod static_route;
