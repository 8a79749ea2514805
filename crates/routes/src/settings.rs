//! What the operator sets: limits, timeouts, whom to trust.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

#[cfg(test)]
mod tests;

/// All that reloads without touching listeners and workers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Development or production.
    pub mode: Mode,
    /// Bounds.
    pub limits: Limits,
    /// Waits.
    pub timeouts: Timeouts,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// Connections of trusted peers begin with a PROXY protocol header, which says who the client is.
    pub proxy_protocol: bool,
    /// The scheme where nobody trusted says.
    pub forwarded_proto: ForwardedProto,
    /// Which of a service's upstreams are chosen first.
    pub prefer: Prefer,
    /// The addresses of this machine besides loopback, by which [`Prefer::Local`] tells what is
    /// local; empty where nobody asks.
    pub machine: Vec<IpAddr>,
    /// A path answered 200 on the main listeners under any Host (503 while leaving), if set.
    pub health_path: Option<String>,
}

/// Development shows routes and details; production never does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Lists hosts to a browser on this machine, adds `<app>.localhost` names.
    Development,
    /// Says as little as it can.
    #[default]
    Production,
}

impl Mode {
    /// The name in configuration and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Which of the upstreams that a service has are chosen first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefer {
    /// All alike.
    #[default]
    Any,
    /// Those on this machine, and others only where none of them can be connected to.
    Local,
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
    /// Connections of one client that is no trusted proxy; `None` for no bound.
    pub connections_per_client: Option<usize>,
    /// Requests that one service has at once, those that wait for it among them, WebSockets not;
    /// `None` for no bound.
    pub in_flight: Option<usize>,
    /// Requests that wait for one service.
    pub held: usize,
    /// Phoenix sockets opened in a second, for each of a service's upstreams; `None` for no bound.
    pub upgrades: Option<u32>,
    /// Services in the table.
    pub services: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 * 1024,
            headers: 200,
            uri: 16 * 1024,
            body: None,
            connections: 65_536,
            connections_per_client: None,
            in_flight: None,
            held: 1024,
            upgrades: Some(500),
            services: 4096,
        }
    }
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
    /// Waiting for a service that can't be connected to; zero: nothing waits.
    pub hold: Duration,
    /// The same for a service that was up within the last minute.
    pub hold_restart: Duration,
    /// From SIGTERM to closing the listeners.
    pub shutdown_delay: Duration,
    /// From closing the listeners to ending what is left.
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(60),
            connect: Duration::from_secs(2),
            response: Some(Duration::from_secs(60)),
            idle: Duration::from_secs(75),
            upstream_idle: None,
            stream_idle: None,
            // Phoenix's own sockets beat every 30 s and end after 60 s.
            websocket_idle: Some(Duration::from_secs(120)),
            hold: Duration::from_secs(5),
            hold_restart: Duration::from_secs(5),
            shutdown_delay: Duration::ZERO,
            // Phoenix takes up to 30 s to drain its sockets.
            drain: Duration::from_secs(45),
        }
    }
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
    /// What `loopback` stands for in configuration.
    pub const LOOPBACK: [IpNet; 2] = [
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
    ];

    /// What `private` stands for in configuration: the ranges of RFC 1918 and RFC 4193.
    ///
    /// Link-local ranges are not among them: whoever is on the wire has such an address without
    /// anyone having given it one.
    pub const PRIVATE: [IpNet; 4] = [
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(10, 0, 0, 0), 8)),
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(172, 16, 0, 0), 12)),
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(192, 168, 0, 0), 16)),
        IpNet::V6(Ipv6Net::new_assert(
            Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0),
            7,
        )),
    ];

    /// Returns whether `peer` is to be believed. IPv4 addresses mapped into IPv6 count as IPv4.
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|net| net.contains(&peer))
    }
}

impl Default for TrustedProxies {
    fn default() -> Self {
        Self([&Self::LOOPBACK[..], &Self::PRIVATE[..]].concat())
    }
}
