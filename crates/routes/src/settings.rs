//! What the operator sets: limits, timeouts, whom to trust.

use std::{net::IpAddr, time::Duration};

use ipnet::IpNet;

/// Development shows routes and details; production never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Lists hosts to a browser on this machine, adds `<app>.localhost` names.
    Development,
    /// Says as little as it can.
    #[default]
    Production,
}

/// The scheme to tell the apps where a trusted peer sends no `X-Forwarded-Proto`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedProto {
    /// What the trusted peer says, else `http`.
    #[default]
    Auto,
    /// Always `http` where nothing trusted says otherwise.
    Http,
    /// `https` where nothing trusted says otherwise.
    Https,
}

/// The peers whose forwarded headers are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    /// Returns whether `peer` is to be believed. IPv4 addresses mapped into IPv6 count as IPv4.
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|net| net.contains(&peer))
    }
}

/// Bounds on what clients and upstreams may send; sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A whole head, request or response.
    pub head: usize,
    /// Header lines in a head.
    pub headers: usize,
    /// The request target.
    pub uri: usize,
    /// A request's body; `None` for no bound.
    pub body: Option<u64>,
    /// Client connections in all.
    pub connections: usize,
    /// Services in the table.
    pub services: usize,
}

/// How long each thing may take; `None` for no bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The whole request head, from its first byte.
    pub head: Duration,
    /// A body without progress, either side.
    pub body: Duration,
    /// Connecting to an upstream.
    pub connect: Duration,
    /// From the request's last byte to the response's head; `None` in development.
    pub response: Option<Duration>,
    /// A client's connection between requests.
    pub idle: Duration,
    /// A pooled upstream connection; `None`: by adapter (Cowboy 4 s, Bandit 55 s, unknown 4 s).
    pub upstream_idle: Option<Duration>,
    /// A response body without a byte (SSE).
    pub stream_idle: Option<Duration>,
    /// A WebSocket without a byte either way.
    pub websocket_idle: Option<Duration>,
    /// From SIGTERM to closing the listeners.
    pub shutdown_delay: Duration,
    /// From closing the listeners to ending what is left.
    pub drain: Duration,
}

/// All that reloads without touching listeners and workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Development or production.
    pub mode: Mode,
    /// Bounds.
    pub limits: Limits,
    /// Waits.
    pub timeouts: Timeouts,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// The scheme where nobody trusted says.
    pub forwarded_proto: ForwardedProto,
    /// A path answered 200 on the main listeners under any Host (503 while leaving), if set.
    pub health_path: Option<String>,
}
