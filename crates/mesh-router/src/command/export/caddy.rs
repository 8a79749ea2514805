//! A Caddyfile.
//!
//! Each route is a site of its own. Caddy's wildcards take exactly one label, so hosts deeper below a
//! route with `subdomains = "any"` are found in the site for all other hosts, the deepest route first.

mod networks;

use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr, path::Path};

use proxy::ListenAddress;
use routes::{Address, ForwardedProto, Route, Service, Subdomains};

use super::plan::{Exported, Plan, comment, duration, subdomains, told};

#[cfg(test)]
mod tests;

/// Writes the file.
pub(super) fn export(plan: &Plan<'_>) -> Exported {
    let mut writer = Writer {
        plan,
        names: plan.names(),
        text: plan.heading("mesh-router export --to caddy", &differences(plan)),
        remarks: Vec::new(),
        dials: BTreeMap::new(),
    };
    writer.global();
    writer.text.push_str(&forwarding(plan));
    writer.services();
    for group in groups(plan.listen) {
        for route in plan.routes() {
            writer.route(route, &group);
        }
        writer.others(&group);
    }
    Exported {
        text: writer.text,
        remarks: writer.remarks,
    }
}

/// Listeners that one site can have: one port, any number of addresses.
#[derive(Debug, Default)]
struct Group {
    /// What stands behind the host of a site.
    port: String,
    /// What `bind` names.
    addresses: Vec<String>,
}

struct Writer<'p> {
    plan: &'p Plan<'p>,
    names: BTreeMap<&'p str, String>,
    text: String,
    remarks: Vec<String>,
    /// What can be dialled of each service.
    dials: BTreeMap<&'p str, Vec<String>>,
}

impl Writer<'_> {
    fn global(&mut self) {
        let limits = &self.plan.settings.limits;
        let timeouts = &self.plan.settings.timeouts;
        let _ = write!(
            self.text,
            "
{{
	auto_https off
	shutdown_delay {}
	grace_period {}
	servers {{
		protocols h1
		max_header_size {}
		timeouts {{
			read_header {}
			idle {}
		}}
	}}
}}
",
            duration(timeouts.shutdown_delay),
            duration(timeouts.drain),
            limits.head,
            duration(timeouts.head),
            duration(timeouts.idle),
        );
    }

    /// Says which upstreams Caddy can't be told.
    fn services(&mut self) {
        let plan = self.plan;
        for name in self.names.keys() {
            let Some(service) = plan.snapshot.by_name(name) else {
                continue;
            };
            let mut dials = Vec::new();
            for upstream in &service.upstreams {
                match dial(&upstream.address) {
                    Some(dial) => dials.push(dial),
                    None => self.remarks.push(format!(
                        "{name}: Caddy can't be told the address {}, this upstream is left out",
                        upstream.address
                    )),
                }
            }
            self.dials.insert(&service.name, dials);
        }
        for remark in &self.remarks {
            self.text.push('\n');
            comment(&mut self.text, "", remark);
        }
    }

    fn route(&mut self, route: &Route, group: &Group) {
        let service = self.plan.service(route);
        self.text.push('\n');
        comment(&mut self.text, "", &told(route, service));
        let (host, port) = (&route.host, &group.port);
        let _ = match route.subdomains {
            Subdomains::None => write!(self.text, "http://{host}{port}"),
            Subdomains::One | Subdomains::Any => {
                write!(self.text, "http://{host}{port}, http://*.{host}{port}")
            }
        };
        self.open(group);
        self.serve(service, "\t\t");
        self.close();
    }

    /// The site for all other hosts.
    fn others(&mut self, group: &Group) {
        self.text.push_str("\n# Hosts that no site has.\n");
        let _ = write!(self.text, "http://{}", group.port);
        self.open(group);
        for route in self.plan.routes() {
            let expression = match route.subdomains {
                Subdomains::Any => subdomains(route),
                Subdomains::One | Subdomains::None => None,
            };
            let Some(expression) = expression else {
                continue;
            };
            let service = self.plan.service(route);
            comment(&mut self.text, "\t\t", &told(route, service));
            let name = format!("@below_{}", route.host.as_str().replace(['.', '-'], "_"));
            let _ = write!(
                self.text,
                "\t\t{name} header_regexp Host `(?i)^{expression}(?::[0-9]*)?$`\n\t\thandle {name} {{\n"
            );
            self.serve(service, "\t\t\t");
            self.text.push_str("\t\t}\n");
        }
        self.text.push_str("\t\thandle {\n");
        match self.plan.default_service() {
            Some(service) => self.serve(service, "\t\t\t"),
            None => self.answer(
                "\t\t\t",
                404,
                "destination_not_found",
                "unknown service: {host}",
            ),
        }
        self.text.push_str("\t\t}\n");
        self.close();
    }

    /// Opens a site.
    fn open(&mut self, group: &Group) {
        let addresses = group.addresses.join(" ");
        let _ = write!(
            self.text,
            " {{\n\tbind {addresses}\n\troute {{\n\t\timport mesh_forwarded\n"
        );
        if let Some(body) = self.plan.settings.limits.body {
            self.body_limit(body);
        }
        if let Some(path) = health_path(self.plan) {
            let _ = write!(
                self.text,
                "\t\thandle {path} {{\n\t\t\theader Cache-Control no-store\n\t\t\trespond ok 200\n\t\t}}\n"
            );
        }
    }

    /// A length that is told is judged at once; the other limit would cut the body on its way, which
    /// the client sees as 502.
    fn body_limit(&mut self, max: u64) {
        let _ = write!(
            self.text,
            "\t\t@mesh_body expression `{{header.Content-Length}} != \"\" && \
             int({{header.Content-Length}}) > {max}`
\t\thandle @mesh_body {{
\t\t\trespond \"the request's body is too large\" 413
\t\t}}
\t\trequest_body {{
\t\t\tmax_size {max}
\t\t}}
"
        );
    }

    fn close(&mut self) {
        self.text.push_str("\t}\n}\n");
    }

    /// Forwards to a service, or says that there is nothing to forward to.
    fn serve(&mut self, service: &Service, indent: &str) {
        let dials = self.dials.get(service.name.as_str()).cloned();
        let dials = dials.unwrap_or_default();
        if dials.is_empty() {
            let _ = writeln!(self.text, "{indent}header Retry-After 1");
            self.answer(
                indent,
                503,
                "destination_unavailable",
                "the service is not running",
            );
            return;
        }
        let timeouts = &self.plan.settings.timeouts;
        let mut lines = vec![format!("reverse_proxy {} {{", dials.join(" "))];
        let networks: Vec<String> = networks(self.plan);
        if !networks.is_empty() {
            lines.push(format!("\ttrusted_proxies {}", networks.join(" ")));
            lines.push(format!(
                "\theader_up X-Forwarded-For `{}` $1",
                hops(self.plan)
            ));
        }
        lines.extend(
            [
                // What the gateway does: of two by chance the one with fewer requests.
                "\tlb_policy random_choose 2",
                "\theader_up X-Forwarded-Proto {header.X-Forwarded-Proto}",
                "\theader_up X-Forwarded-Host {header.X-Forwarded-Host}",
                "\theader_up X-Forwarded-Host ^(.*):[0-9]*$ $1",
                "\theader_down -X-Request-Id",
                "\ttransport http {",
                "\t\tversions 1.1",
                "\t\tcompression off",
            ]
            .map(str::to_owned),
        );
        lines.push(format!("\t\tdial_timeout {}", duration(timeouts.connect)));
        if let Some(response) = timeouts.response {
            lines.push(format!(
                "\t\tresponse_header_timeout {}",
                duration(response)
            ));
        }
        let idle = duration(self.plan.upstream_idle(service));
        lines.push(format!("\t\tkeepalive {idle}"));
        lines.push(format!(
            "\t\tmax_response_header {}",
            self.plan.settings.limits.head
        ));
        lines.extend(["\t}", "}"].map(str::to_owned));
        for line in lines {
            let _ = writeln!(self.text, "{indent}{line}");
        }
    }

    fn answer(&mut self, indent: &str, status: u16, error: &str, text: &str) {
        let _ = write!(
            self.text,
            "{indent}header Cache-Control no-store
{indent}header Proxy-Status \"caddy; error={error}\"
{indent}respond \"{text}\" {status}
"
        );
    }
}

/// How requests pass, the same for every service: what untrusted peers say is dropped first, so
/// that each line below looks at words that count.
fn forwarding(plan: &Plan<'_>) -> String {
    let networks = networks(plan);
    let (define, only) = match networks.is_empty() {
        true => (String::new(), ""),
        false => (
            format!("\t@mesh_untrusted not remote_ip {}\n", networks.join(" ")),
            "@mesh_untrusted ",
        ),
    };
    let mut text = format!("\n(mesh_forwarded) {{\n{define}");
    for field in [
        "Forwarded",
        "X-Forwarded-*",
        "X-Real-Ip",
        "X-Client-Ip",
        "X-Request-Id",
    ] {
        let _ = writeln!(text, "\trequest_header {only}-{field}");
    }
    let proto = match plan.settings.forwarded_proto {
        ForwardedProto::Auto | ForwardedProto::Http => "http",
        ForwardedProto::Https => "https",
    };
    text.push_str(&FORWARDING.replace("PROTO", proto));
    text.push_str("}\n");
    text
}

const FORWARDING: &str = r#"	request_header -TE
	@mesh_https header_regexp X-Forwarded-Proto `(?i)(^|,)\s*(https|wss)\s*$`
	@mesh_http header_regexp X-Forwarded-Proto `(?i)(^|,)\s*(http|ws)\s*$`
	@mesh_proto not header_regexp X-Forwarded-Proto `(?i)(^|,)\s*(https?|wss?)\s*$`
	request_header @mesh_https X-Forwarded-Proto https
	request_header @mesh_http X-Forwarded-Proto http
	request_header @mesh_proto X-Forwarded-Proto PROTO
	@mesh_host not header X-Forwarded-Host *
	request_header @mesh_host X-Forwarded-Host {hostport}
	@mesh_port {
		not header X-Forwarded-Port *
		header_regexp mesh_port X-Forwarded-Host `:([0-9]+)$`
	}
	request_header @mesh_port X-Forwarded-Port {re.mesh_port.1}
	@mesh_port_https {
		not header X-Forwarded-Port *
		header X-Forwarded-Proto https
	}
	request_header @mesh_port_https X-Forwarded-Port 443
	@mesh_port_http not header X-Forwarded-Port *
	request_header @mesh_port_http X-Forwarded-Port 80
	@mesh_id not header_regexp X-Request-Id `^[A-Za-z0-9_.:+/=~@-]{20,200}$`
	request_header @mesh_id X-Request-Id {http.request.uuid}
	header X-Request-Id {header.X-Request-Id}
"#;

/// What is to be kept of X-Forwarded-For, which Caddy passes on whole: the longest end of the list
/// whose entries but the first are trusted. Its first is the client; left of it stands what the
/// client wrote itself.
fn hops(plan: &Plan<'_>) -> String {
    let networks = &plan.settings.trusted_proxies.0;
    let trusted: Vec<String> = networks.iter().filter_map(networks::pattern).collect();
    let nearest = r"[^,\s]+";
    let between = match trusted.is_empty() {
        true => String::new(),
        false => format!(r"(?:\s*,\s*(?:{}))*", trusted.join("|")),
    };
    // The last entry is the peer, which was judged by its address.
    format!(r"(?i)^(?:.*?[,\s])??([^,\s]+{between}\s*,\s*{nearest})$")
}

fn networks(plan: &Plan<'_>) -> Vec<String> {
    let networks = &plan.settings.trusted_proxies.0;
    networks.iter().map(ToString::to_string).collect()
}

/// Gathers listeners by port; groups with the same addresses would still be sites of their own.
fn groups(listen: &[ListenAddress]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for address in listen {
        let (port, address) = match address {
            ListenAddress::Tcp(address) => (format!(":{}", address.port()), bound(*address)),
            ListenAddress::Unix(path) => match unix(path) {
                Some(address) => (String::new(), address),
                None => continue,
            },
        };
        match groups.iter_mut().find(|group| group.port == port) {
            Some(group) => group.addresses.push(address),
            None => groups.push(Group {
                port,
                addresses: vec![address],
            }),
        }
    }
    for group in &mut groups {
        // Caddy's `[::]` takes IPv4 too, and could not be bound beside the other.
        if group.addresses.iter().any(|it| it == "[::]") {
            group.addresses.retain(|it| it != "0.0.0.0");
        }
    }
    groups
}

fn bound(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

fn dial(address: &Address) -> Option<String> {
    match address {
        Address::Tcp(address) => Some(address.to_string()),
        Address::Unix(path) => unix(path),
    }
}

/// A Unix socket's address; `None` where Caddy would take the path for more than a path.
fn unix(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    // Variables are put in before quotes are looked at, `|` begins permissions, `://` a URL.
    let means_more = ["{$", "|", "://"].iter().any(|it| path.contains(it));
    if means_more || path.contains(char::is_control) {
        return None;
    }
    let placeholders = path.replace('{', r"\{").replace('}', r"\}");
    quoted(&format!("unix/{placeholders}"))
}

/// A text in quotes. Nothing means anything between backticks; between the others a backslash
/// stands for itself but before a quote.
fn quoted(text: &str) -> Option<String> {
    if !text.contains('`') {
        return Some(format!("`{text}`"));
    }
    let is_sayable = !text.contains("\\\"") && !text.ends_with('\\');
    is_sayable.then(|| format!("\"{}\"", text.replace('"', "\\\"")))
}

/// The health path, where it means nothing but itself in a matcher.
fn health_path<'p>(plan: &Plan<'p>) -> Option<&'p str> {
    let path = plan.settings.health_path.as_deref()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte);
    path.bytes().all(is_plain).then_some(path)
}

fn differences(plan: &Plan<'_>) -> Vec<String> {
    let mut lines: Vec<String> = [
        "Where a trusted proxy sends a list in X-Forwarded-Proto, its last entry counts.",
        "Via is not written (Caddy 2.10 writes its own). Answers have Server: Caddy where the app says none.",
        "X-Forwarded-Host is spelled as the client spelled it, not in lower case.",
        "A host with a dot at its end is no other name for the host without.",
        "Of a target that names another host than the Host field, Caddy goes by the target.",
        "The bounds of the request target and of the number of header lines are the head's.",
        "There is no timeout for a body without progress, for a silent stream or a silent WebSocket.",
        "Peers on a Unix socket are not trusted.",
        "Caddy's admin endpoint (localhost:2019) is on; `admin off` in the first block ends that.",
    ]
    .map(str::to_owned)
    .into();
    if plan.settings.proxy_protocol {
        lines.push(
            "No PROXY protocol is expected: that is `listener_wrappers { proxy_protocol }`."
                .to_owned(),
        );
    }
    let strange: Vec<String> = plan
        .settings
        .trusted_proxies
        .0
        .iter()
        .filter(|network| networks::pattern(network).is_none())
        .map(ToString::to_string)
        .collect();
    if !strange.is_empty() {
        lines.push(format!(
            "In X-Forwarded-For a proxy of {} counts as the client, unless it is the nearest.",
            strange.join(", ")
        ));
    }
    if plan.settings.health_path.is_some() && health_path(plan).is_none() {
        lines.push(
            "The health path is left out: it has characters that Caddy reads otherwise.".to_owned(),
        );
    }
    lines
}
