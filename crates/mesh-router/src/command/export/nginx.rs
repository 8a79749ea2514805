//! A file to include in the `http` block of `nginx.conf`.
//!
//! nginx takes a name from its exact names, else the longest wildcard, else the first regular
//! expression: what lies deeper stands first, and a wildcard is written only where no expression
//! below it could be passed over.

mod variables;

use std::{collections::BTreeMap, fmt::Write as _, path::Path, time::Duration};

use proxy::ListenAddress;
use routes::{Address, Host, Route, Service, Subdomains, Upstream};

use super::plan::{Exported, Plan, comment, duration, subdomains, told};

#[cfg(test)]
mod tests;

/// nginx has no word for "none".
const NO_TIMEOUT: Duration = Duration::from_hours(24);

/// Bytes of the longest name that nginx's own setting takes (a bucket of 64 bytes).
const NAME_BYTES_PLAIN: usize = 40;

/// Names that nginx's own setting takes without a warning.
const NAMES_PLAIN: usize = 256;

/// The form of our own answers.
const FORM: &str = "    default_type \"text/plain; charset=utf-8\";\n";

/// Writes the file.
pub(super) fn export(plan: &Plan<'_>) -> Exported {
    let mut writer = Writer {
        plan,
        names: plan.names(),
        text: plan.heading("mesh-router export --to nginx", &differences(plan)),
        remarks: Vec::new(),
    };
    writer.sizes();
    writer.text.push_str(&variables::text(plan));
    writer.upstreams();
    writer.fallback();
    for route in plan.routes() {
        writer.route(route);
    }
    Exported {
        text: writer.text,
        remarks: writer.remarks,
    }
}

struct Writer<'p> {
    plan: &'p Plan<'p>,
    /// Upstream blocks by service.
    names: BTreeMap<&'p str, String>,
    text: String,
    remarks: Vec<String>,
}

impl Writer<'_> {
    /// nginx refuses names that its tables can't hold.
    fn sizes(&mut self) {
        let routes = &self.plan.snapshot.routes;
        let longest = routes.iter().map(|it| it.host.as_str().len()).max();
        if longest.is_some_and(|longest| longest > NAME_BYTES_PLAIN) {
            self.text.push_str("\nserver_names_hash_bucket_size 512;\n");
        }
        if routes.len() > NAMES_PLAIN {
            let size = routes.len().saturating_mul(4).next_power_of_two();
            let _ = writeln!(self.text, "server_names_hash_max_size {size};");
        }
    }

    fn upstreams(&mut self) {
        let services: Vec<&Service> = self
            .names
            .keys()
            .filter_map(|name| self.plan.snapshot.by_name(name))
            .collect();
        for service in services {
            let servers: Vec<String> = service
                .upstreams
                .iter()
                .filter_map(|upstream| self.server(service, upstream))
                .collect();
            if servers.is_empty() {
                self.names.remove(service.name.as_str());
                continue;
            }
            let name = &self.names[service.name.as_str()];
            self.text.push('\n');
            comment(&mut self.text, "", &service.name);
            let _ = writeln!(self.text, "upstream {name} {{");
            if servers.len() > 1 {
                // What the gateway does: of two by chance the one with fewer requests.
                self.text.push_str("    random two least_conn;\n");
            }
            self.text.push_str(&servers.concat());
            let idle = duration(self.plan.upstream_idle(service));
            let _ = writeln!(
                self.text,
                "    keepalive 64;\n    keepalive_timeout {idle};\n}}"
            );
        }
    }

    /// An upstream is never put aside for what it answered (`max_fails=0`).
    fn server(&mut self, service: &Service, upstream: &Upstream) -> Option<String> {
        let address = match &upstream.address {
            Address::Tcp(address) => address.to_string(),
            Address::Unix(path) => match unix(path) {
                Some(quoted) => quoted,
                None => {
                    let remark = format!(
                        "{}: nginx can't be told the path {}, this upstream is left out",
                        service.name,
                        path.display()
                    );
                    comment(&mut self.text, "", &remark);
                    self.remarks.push(remark);
                    return None;
                }
            },
        };
        Some(format!("    server {address} max_fails=0;\n"))
    }

    /// The server for hosts that nobody has.
    fn fallback(&mut self) {
        self.text
            .push_str("\n# Hosts that no route has.\nserver {\n");
        self.listeners(" default_server");
        self.text.push_str("    server_name \"\";\n");
        match self.plan.default_service() {
            Some(service) => self.serve(service),
            None => {
                self.settings();
                self.text.push_str("\n    location / {\n");
                self.answer(404, "destination_not_found", "unknown service: $host");
                self.text.push_str("    }\n");
            }
        }
        self.text.push_str("}\n");
    }

    fn route(&mut self, route: &Route) {
        let service = self.plan.service(route);
        self.text.push('\n');
        comment(&mut self.text, "", &told(route, service));
        self.text.push_str("server {\n");
        self.listeners("");
        let _ = writeln!(self.text, "    server_name {};", self.server_names(route));
        self.serve(service);
        self.text.push_str("}\n");
    }

    fn server_names(&self, route: &Route) -> String {
        let host = &route.host;
        let is_wildcard = match route.subdomains {
            Subdomains::Any => !self.has_expression_below(host),
            Subdomains::One | Subdomains::None => false,
        };
        match subdomains(route) {
            None => host.to_string(),
            Some(_) if is_wildcard => format!("{host} *.{host}"),
            Some(expression) => format!("{host} \"~^{expression}$\""),
        }
    }

    fn has_expression_below(&self, host: &Host) -> bool {
        let suffix = format!(".{host}");
        self.plan.snapshot.routes.iter().any(|route| {
            route.host.as_str().ends_with(&suffix) && route.subdomains == Subdomains::One
        })
    }

    fn listeners(&mut self, options: &str) {
        for address in self.plan.listen {
            let (address, family) = match address {
                ListenAddress::Tcp(address) => {
                    let is_all = address.is_ipv6() && address.ip().is_unspecified();
                    let shares = self.plan.listen.iter().any(|other| match other {
                        ListenAddress::Tcp(other) => {
                            other.is_ipv4()
                                && other.ip().is_unspecified()
                                && other.port() == address.port()
                        }
                        ListenAddress::Unix(_) => false,
                    });
                    let family = if is_all && !shares && !options.is_empty() {
                        " ipv6only=off"
                    } else {
                        ""
                    };
                    (Some(address.to_string()), family)
                }
                ListenAddress::Unix(path) => (unix(path), ""),
            };
            match address {
                Some(address) => {
                    let _ = writeln!(self.text, "    listen {address}{options}{family};");
                }
                None => comment(
                    &mut self.text,
                    "    ",
                    "a listener whose path nginx can't be told",
                ),
            }
        }
    }

    /// Forwards to a service, or says that there is nothing to forward to.
    fn serve(&mut self, service: &Service) {
        self.settings();
        let Some(name) = self.names.get(service.name.as_str()).cloned() else {
            self.text
                .push_str("\n    location / {\n        add_header Retry-After 1 always;\n");
            self.answer(503, "destination_unavailable", "the service is not running");
            self.text.push_str("    }\n");
            return;
        };
        let timeouts = &self.plan.settings.timeouts;
        let websocket = duration(timeouts.websocket_idle.unwrap_or(NO_TIMEOUT));
        let _ = write!(
            self.text,
            "
    location / {{
        # A WebSocket has timeouts of its own; 418 goes nowhere else.
        error_page 418 = @websocket;
        if ($mesh_upgrade) {{
            return 418;
        }}
        proxy_pass http://{name};
    }}
    location @websocket {{
        proxy_read_timeout {websocket};
        proxy_send_timeout {websocket};
        proxy_pass http://{name};
    }}
"
        );
    }

    fn answer(&mut self, status: u16, error: &str, text: &str) {
        let _ = write!(
            self.text,
            "    {FORM}        add_header Cache-Control no-store always;
        add_header Proxy-Status \"nginx; error={error}\" always;
        add_header X-Request-Id $mesh_request_id always;
        return {status} \"{text}\";
"
        );
    }

    /// What holds in every server.
    fn settings(&mut self) {
        self.limits();
        self.trust();
        self.text.push_str(FORWARDING);
        if let Some(path) = &self.plan.settings.health_path {
            let _ = write!(
                self.text,
                "    location = {} {{
    {FORM}        add_header Cache-Control no-store always;
        add_header X-Request-Id $mesh_request_id always;
        return 200 \"ok\";
    }}
",
                quoted(path)
            );
        }
    }

    fn limits(&mut self) {
        let limits = &self.plan.settings.limits;
        let timeouts = &self.plan.settings.timeouts;
        let response = match (timeouts.response, timeouts.stream_idle) {
            (Some(response), Some(stream)) => response.max(stream),
            (Some(response), None) => response,
            (None, _) => NO_TIMEOUT,
        };
        let (head, body) = (limits.head, limits.body.unwrap_or(0));
        let _ = write!(
            self.text,
            "
    client_header_timeout {};
    client_body_timeout {body_wait};
    send_timeout {body_wait};
    keepalive_timeout {};
    keepalive_requests 1000000000;
    large_client_header_buffers 1 {head};
    client_max_body_size {body};
    proxy_connect_timeout {};
    proxy_send_timeout {body_wait};
    proxy_read_timeout {};
    proxy_buffer_size {head};
    proxy_buffers 4 {head};
",
            duration(timeouts.head),
            duration(timeouts.idle),
            duration(timeouts.connect),
            duration(response),
            body_wait = duration(timeouts.body),
        );
    }

    fn trust(&mut self) {
        self.text.push('\n');
        for network in &self.plan.settings.trusted_proxies.0 {
            let _ = writeln!(self.text, "    set_real_ip_from {network};");
        }
        if has_unix_listener(self.plan) {
            self.text.push_str("    set_real_ip_from unix:;\n");
        }
        self.text
            .push_str("    real_ip_header X-Forwarded-For;\n    real_ip_recursive on;\n");
    }
}

/// How requests and answers pass, the same for every service.
const FORWARDING: &str = "
    if ($mesh_host_differs) {
        return 400;
    }
    if ($mesh_uri_is_long) {
        return 414;
    }
    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_redirect off;
    proxy_next_upstream error;
    proxy_next_upstream_tries 2;
    gzip off;
    proxy_set_header Host $http_host;
    proxy_set_header Connection $mesh_connection;
    proxy_set_header Upgrade $mesh_upgrade;
    proxy_set_header Proxy-Connection \"\";
    proxy_set_header HTTP2-Settings \"\";
    proxy_set_header X-Forwarded-For $mesh_forwarded_for;
    proxy_set_header X-Forwarded-Proto $mesh_forwarded_proto;
    proxy_set_header X-Forwarded-Host $mesh_forwarded_host;
    proxy_set_header X-Forwarded-Port $mesh_forwarded_port;
    proxy_set_header X-Request-Id $mesh_request_id;
    proxy_set_header Via $mesh_via;
    proxy_set_header Forwarded $mesh_trusted_forwarded;
    proxy_set_header X-Real-IP $mesh_trusted_x_real_ip;
    proxy_set_header X-Client-IP $mesh_trusted_x_client_ip;
    proxy_set_header X-Forwarded-Ssl $mesh_trusted_x_forwarded_ssl;
    proxy_set_header X-Forwarded-Scheme $mesh_trusted_x_forwarded_scheme;
    proxy_set_header X-Forwarded-Protocol $mesh_trusted_x_forwarded_protocol;
    proxy_set_header X-Forwarded-Prefix $mesh_trusted_x_forwarded_prefix;
    proxy_set_header X-Forwarded-Server $mesh_trusted_x_forwarded_server;
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
    proxy_pass_header X-Accel-Redirect;
    proxy_pass_header X-Accel-Expires;
    proxy_pass_header X-Accel-Limit-Rate;
    proxy_pass_header X-Accel-Buffering;
    proxy_pass_header X-Accel-Charset;
    proxy_pass_header Server;
    proxy_pass_header Date;
    proxy_hide_header X-Request-Id;
    add_header X-Request-Id $mesh_request_id always;
";

/// Whether clients may come through a Unix socket: they have no address.
fn has_unix_listener(plan: &Plan<'_>) -> bool {
    plan.listen.iter().any(|listen| match listen {
        ListenAddress::Unix(_) => true,
        ListenAddress::Tcp(_) => false,
    })
}

/// A Unix socket's address; `None` where nginx would cut it or take it for text of its own.
fn unix(path: &Path) -> Option<String> {
    let path = path.to_str().filter(|path| !path.contains('\0'))?;
    Some(quoted(&format!("unix:{path}")))
}

/// A text in quotes, in which only these two mean anything; variables are not looked for where we
/// write it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

fn differences(plan: &Plan<'_>) -> Vec<String> {
    let timeouts = &plan.settings.timeouts;
    let drain = duration(timeouts.drain);
    let connections = plan.settings.limits.connections;
    let mut lines: Vec<String> = [
        "A head over its limit gets 400 instead of 431, and the number of header lines has no bound.",
        "Fields that Connection names reach the app. Fields with an underscore in their name don't.",
        "Of the other X-Forwarded-* fields of untrusted clients only Ssl, Scheme, Protocol, Prefix and \
         Server are dropped, since nginx knows no pattern for names. Where a trusted proxy sends a \
         list in X-Forwarded-Proto, its last entry counts; its X-Forwarded-Host keeps its spelling, and of \
         lines that it sends twice the first may count.",
        "An expectation (100-continue) is answered here, not by the app.",
        "proxy_read_timeout is also the longest silence within an answer that is no WebSocket; raise \
         it for server-sent events that are silent for longer.",
    ]
    .map(str::to_owned)
    .into();
    if plan.settings.proxy_protocol {
        lines.push(
            "No PROXY protocol is expected: that is `proxy_protocol` in each `listen`, with \
             `set_real_ip_from`."
                .to_owned(),
        );
    }
    if timeouts.response.is_none() || timeouts.websocket_idle.is_none() {
        lines.push("A timeout of \"none\" is 24h.".to_owned());
    }
    lines.push(format!(
        "Of nginx.conf itself: worker_processes auto; worker_shutdown_timeout {drain}; and \
         worker_connections for {connections} clients and as many upstream connections."
    ));
    lines.push(
        "Connections to Unix sockets are made by nginx's own user: it needs to be let in."
            .to_owned(),
    );
    lines
}
