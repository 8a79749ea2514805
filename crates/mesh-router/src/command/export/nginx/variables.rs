//! What nginx computes for each request: the maps from which fields are written.

use std::fmt::Write as _;

use routes::ForwardedProto;

use super::{Plan, has_unix_listener};

/// Times that nginx's expressions can repeat something.
const REPEATS_MAX: usize = 65_535;

/// Fields that pass from trusted peers alone.
const TRUSTED: &[&str] = &[
    "forwarded",
    "x_real_ip",
    "x_client_ip",
    "x_forwarded_ssl",
    "x_forwarded_scheme",
    "x_forwarded_protocol",
    "x_forwarded_prefix",
    "x_forwarded_server",
];

/// Writes the maps.
pub(super) fn text(plan: &Plan<'_>) -> String {
    let mut text = "\n# Whether the peer's forwarded fields are believed.\n\
                    geo $realip_remote_addr $mesh_trusted {\n    default 0;\n"
        .to_owned();
    for network in &plan.settings.trusted_proxies.0 {
        let _ = writeln!(text, "    {network} 1;");
    }
    if has_unix_listener(plan) {
        // What nginx takes a peer without an address for; no real one can have it.
        text.push_str("    255.255.255.255 1;\n");
    }
    text.push_str("}\n");
    text.push_str(UPGRADE);
    text.push_str("\n# The client first, then the proxies on the way.\n");
    text.push_str(
        "map \"$mesh_trusted|$remote_addr|$realip_remote_addr|$http_x_forwarded_for\" $mesh_forwarded_for {\n",
    );
    if has_unix_listener(plan) {
        text.push_str(
            r#"    "~^1\|unix:\|" "";
    "~^1\|(?<mesh_unix_client>[^|]+)\|unix:\|(?:.*[,\s])?(?<mesh_unix_tail>\k<mesh_unix_client>(?:[,\s].*)?)$" $mesh_unix_tail;
"#,
        );
    }
    text.push_str(CHAIN);
    let proto = match plan.settings.forwarded_proto {
        ForwardedProto::Auto | ForwardedProto::Http => "http",
        ForwardedProto::Https => "https",
    };
    text.push_str(&FIELDS.replace("PROTO", proto));
    for field in TRUSTED {
        let _ = writeln!(
            text,
            "map $mesh_trusted $mesh_trusted_{field} {{ 1 $http_{field}; default \"\"; }}"
        );
    }
    let uri = plan.settings.limits.uri;
    let (times, rest) = (uri / REPEATS_MAX, uri % REPEATS_MAX);
    let _ = write!(
        text,
        "map $request_uri $mesh_uri_is_long {{
    default 0;
    \"~^{}.{{{rest}}}.\" 1;
}}
",
        format!(".{{{REPEATS_MAX}}}").repeat(times)
    );
    text
}

const UPGRADE: &str = r#"
# Only WebSockets are upgraded; other requests keep the connection to the app.
map $http_upgrade $mesh_upgrade {
    default "";
    "~*(?:^|,)\s*websocket\s*(?:,|$)" websocket;
}
map $mesh_upgrade $mesh_connection {
    default "";
    websocket upgrade;
}
"#;

const CHAIN: &str = r#"    "~^[01]\|(?<mesh_peer>[^|]+)\|\k<mesh_peer>\|" $remote_addr;
    "~^1\|(?<mesh_client>[^|]+)\|[^|]+\|(?:.*[,\s])?(?<mesh_tail>\k<mesh_client>(?:[,\s].*)?)$" "$mesh_tail, $realip_remote_addr";
    default "$remote_addr, $realip_remote_addr";
}
"#;

const FIELDS: &str = r#"map "$mesh_trusted|$http_x_forwarded_proto" $mesh_forwarded_proto {
    default PROTO;
    "~*^1\|(?:.*,)?\s*(?:https|wss)\s*$" https;
    "~*^1\|(?:.*,)?\s*(?:http|ws)\s*$" http;
}
map "$mesh_trusted|$http_x_forwarded_host" $mesh_forwarded_host {
    default $host;
    "~*^1\|(?<mesh_told_host>\[[0-9a-f:.]+\]|[a-z0-9._-]*[a-z0-9_-])\.?(?::[0-9]*)?$" $mesh_told_host;
}
map "$mesh_trusted|$http_x_forwarded_host" $mesh_authority {
    default $http_host;
    "~*^1\|(?<mesh_told_authority>(?:\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]*)?)$" $mesh_told_authority;
}
map $mesh_forwarded_proto $mesh_default_port {
    default 80;
    https 443;
}
map $mesh_authority $mesh_named_port {
    default $mesh_default_port;
    "~:(?<mesh_port>[0-9]+)$" $mesh_port;
}
map "$mesh_trusted|$http_x_forwarded_port" $mesh_forwarded_port {
    default $mesh_named_port;
    "~^1\|0*(?<mesh_told_port>[1-9][0-9]{0,4})$" $mesh_told_port;
}
map "$mesh_trusted|$http_x_request_id" $mesh_request_id {
    default $request_id;
    "~^1\|(?<mesh_told_id>[A-Za-z0-9_.:+/=~@-]{20,200})$" $mesh_told_id;
}
map $server_protocol $mesh_version {
    default 1.1;
    HTTP/1.0 1.0;
}
map $http_via $mesh_via {
    default "$http_via, $mesh_version nginx";
    "" "$mesh_version nginx";
}
# The target may name another host than the Host field, and Host may be missing.
map "$host|$http_host" $mesh_host_differs {
    default 1;
    "~*^(?<mesh_same>[^|]+)\|\k<mesh_same>\.?(?::[0-9]*)?$" 0;
}
"#;
