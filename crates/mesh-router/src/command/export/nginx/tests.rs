use expect_test::expect;
use routes::{ForwardedProto, Limits, Settings, TrustedProxies};

use super::{
    super::plan::tests::{exported, production, table},
    export, quoted,
};

/// Leaves out what each server repeats, but for the first.
fn once(text: &str) -> String {
    let end = "return 200 \"ok\";\n    }\n";
    let from = text.find("    client_header_timeout").unwrap();
    let length = text[from..].find(end).unwrap() + end.len();
    let (first, rest) = text.split_at(from + length);
    first.to_owned() + &rest.replace(&text[from..from + length], "    # as above\n")
}

/// The lines that `after` has more than `before`, each once.
fn added(before: &str, after: &str) -> String {
    let before: Vec<&str> = before.lines().collect();
    let mut added: Vec<&str> = Vec::new();
    for line in after.lines() {
        if !before.contains(&line) && !added.contains(&line) {
            added.push(line);
        }
    }
    added.join("\n")
}

#[test]
fn a_whole_file() {
    let exported = exported(
        &table(false),
        &production(),
        &["0.0.0.0:8080", "[::]:8080"],
        export,
    );
    expect![[r##"
        # Written by `mesh-router export --to nginx` of mesh-router 1.2.3. It follows nothing: write it again after a change.
        #
        # From:  project shop\nload_module evil;, environment prod
        # Mode:  production (the environment is prod)
        #
        # What is other than in the gateway:
        # - No discovery: hosts and addresses are those of the moment of export.
        # - No drain as the gateway knows it: WebSockets end without close code 1012, so Phoenix's clients may take longer to come back.
        # - Error pages are this server's own, without Proxy-Status and problem+json, but for 404 and 503.
        # - No access line as the gateway writes it; no request is refused as a loop (508).
        # - A head over its limit gets 400 instead of 431, and the number of header lines has no bound.
        # - Fields that Connection names reach the app. Fields with an underscore in their name don't.
        # - Of the other X-Forwarded-* fields of untrusted clients only Ssl, Scheme, Protocol, Prefix and Server are dropped, since nginx knows no pattern for names. Where a trusted proxy sends a list in X-Forwarded-Proto, its last entry counts.
        # - An expectation (100-continue) is answered here, not by the app.
        # - proxy_read_timeout is also the longest silence within an answer that is no WebSocket; raise it for server-sent events that are silent for longer.
        # - Of nginx.conf itself: worker_processes auto; worker_shutdown_timeout 45s; and worker_connections for 65536 clients and as many upstream connections.
        # - Connections to Unix sockets are made by nginx's own user: it needs to be let in.

        # Whether the peer's forwarded fields are believed.
        geo $realip_remote_addr $mesh_trusted {
            default 0;
            127.0.0.0/8 1;
            ::1/128 1;
            10.0.0.0/8 1;
            172.16.0.0/12 1;
            192.168.0.0/16 1;
            fc00::/7 1;
        }

        # Only WebSockets are upgraded; other requests keep the connection to the app.
        map $http_upgrade $mesh_upgrade {
            default "";
            "~*(?:^|,)\s*websocket\s*(?:,|$)" websocket;
        }
        map $mesh_upgrade $mesh_connection {
            default "";
            websocket upgrade;
        }

        # The client first, then the proxies on the way.
        map "$mesh_trusted|$remote_addr|$realip_remote_addr|$http_x_forwarded_for" $mesh_forwarded_for {
            "~^[01]\|(?<mesh_peer>[^|]+)\|\k<mesh_peer>\|" $remote_addr;
            "~^1\|(?<mesh_client>[^|]+)\|[^|]+\|(?:.*[,\s])?(?<mesh_tail>\k<mesh_client>(?:[,\s].*)?)$" "$mesh_tail, $realip_remote_addr";
            default "$remote_addr, $realip_remote_addr";
        }
        map "$mesh_trusted|$http_x_forwarded_proto" $mesh_forwarded_proto {
            default http;
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
        map $mesh_trusted $mesh_trusted_forwarded { 1 $http_forwarded; default ""; }
        map $mesh_trusted $mesh_trusted_x_real_ip { 1 $http_x_real_ip; default ""; }
        map $mesh_trusted $mesh_trusted_x_client_ip { 1 $http_x_client_ip; default ""; }
        map $mesh_trusted $mesh_trusted_x_forwarded_ssl { 1 $http_x_forwarded_ssl; default ""; }
        map $mesh_trusted $mesh_trusted_x_forwarded_scheme { 1 $http_x_forwarded_scheme; default ""; }
        map $mesh_trusted $mesh_trusted_x_forwarded_protocol { 1 $http_x_forwarded_protocol; default ""; }
        map $mesh_trusted $mesh_trusted_x_forwarded_prefix { 1 $http_x_forwarded_prefix; default ""; }
        map $mesh_trusted $mesh_trusted_x_forwarded_server { 1 $http_x_forwarded_server; default ""; }
        map $request_uri $mesh_uri_is_long {
            default 0;
            "~^.{16384}." 1;
        }

        # AuthWeb.Endpoint
        upstream mesh_authweb_endpoint {
            random two least_conn;
            server 127.0.0.1:4001 max_fails=0;
            server [::1]:4001 max_fails=0;
            keepalive 64;
            keepalive_timeout 55s;
        }

        # BillingWeb.Endpoint
        upstream mesh_billingweb_endpoint {
            random two least_conn;
            server 127.0.0.1:4002 max_fails=0;
            server "unix:/run/a b/{$HOME}\"; }.sock" max_fails=0;
            keepalive 64;
            keepalive_timeout 4s;
        }

        # docs.test
        upstream mesh_docs_test {
            server "unix:/run/d {x} \"q\" \\ $y'.sock" max_fails=0;
            keepalive 64;
            keepalive_timeout 4s;
        }

        # Hosts that no route has.
        server {
            listen 0.0.0.0:8080 default_server;
            listen [::]:8080 default_server;
            server_name "";

            client_header_timeout 10s;
            client_body_timeout 60s;
            send_timeout 60s;
            keepalive_timeout 75s;
            keepalive_requests 1000000000;
            large_client_header_buffers 1 65536;
            client_max_body_size 0;
            proxy_connect_timeout 2s;
            proxy_send_timeout 60s;
            proxy_read_timeout 60s;
            proxy_buffer_size 65536;
            proxy_buffers 4 65536;

            set_real_ip_from 127.0.0.0/8;
            set_real_ip_from ::1/128;
            set_real_ip_from 10.0.0.0/8;
            set_real_ip_from 172.16.0.0/12;
            set_real_ip_from 192.168.0.0/16;
            set_real_ip_from fc00::/7;
            real_ip_header X-Forwarded-For;
            real_ip_recursive on;

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
            proxy_set_header Proxy-Connection "";
            proxy_set_header HTTP2-Settings "";
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
            location = "/.mesh-router/ready" {
                default_type "text/plain; charset=utf-8";
                add_header Cache-Control no-store always;
                add_header X-Request-Id $mesh_request_id always;
                return 200 "ok";
            }

            location / {
                default_type "text/plain; charset=utf-8";
                add_header Cache-Control no-store always;
                add_header Proxy-Status "nginx; error=destination_not_found" always;
                add_header X-Request-Id $mesh_request_id always;
                return 404 "unknown service: $host";
            }
        }

        # deep.auth.test → BillingWeb.Endpoint (config/prod.exs:4)
        server {
            listen 0.0.0.0:8080;
            listen [::]:8080;
            server_name deep.auth.test *.deep.auth.test;

            # as above

            location / {
                # A WebSocket has timeouts of its own; 418 goes nowhere else.
                error_page 418 = @websocket;
                if ($mesh_upgrade) {
                    return 418;
                }
                proxy_pass http://mesh_billingweb_endpoint;
            }
            location @websocket {
                proxy_read_timeout 120s;
                proxy_send_timeout 120s;
                proxy_pass http://mesh_billingweb_endpoint;
            }
        }

        # auth.test → AuthWeb.Endpoint (config/prod.exs:4)
        server {
            listen 0.0.0.0:8080;
            listen [::]:8080;
            server_name auth.test "~^[^.]+\.auth\.test$";

            # as above

            location / {
                # A WebSocket has timeouts of its own; 418 goes nowhere else.
                error_page 418 = @websocket;
                if ($mesh_upgrade) {
                    return 418;
                }
                proxy_pass http://mesh_authweb_endpoint;
            }
            location @websocket {
                proxy_read_timeout 120s;
                proxy_send_timeout 120s;
                proxy_pass http://mesh_authweb_endpoint;
            }
        }

        # docs.test → docs.test (config/prod.exs:4)
        server {
            listen 0.0.0.0:8080;
            listen [::]:8080;
            server_name docs.test;

            # as above

            location / {
                # A WebSocket has timeouts of its own; 418 goes nowhere else.
                error_page 418 = @websocket;
                if ($mesh_upgrade) {
                    return 418;
                }
                proxy_pass http://mesh_docs_test;
            }
            location @websocket {
                proxy_read_timeout 120s;
                proxy_send_timeout 120s;
                proxy_pass http://mesh_docs_test;
            }
        }

        # idle.test → IdleWeb.Endpoint (config/prod.exs:4)
        server {
            listen 0.0.0.0:8080;
            listen [::]:8080;
            server_name idle.test "~^[^.]+\.idle\.test$";

            # as above

            location / {
                add_header Retry-After 1 always;
                default_type "text/plain; charset=utf-8";
                add_header Cache-Control no-store always;
                add_header Proxy-Status "nginx; error=destination_unavailable" always;
                add_header X-Request-Id $mesh_request_id always;
                return 503 "the service is not running";
            }
        }

        # test → BillingWeb.Endpoint (config/prod.exs:4)
        server {
            listen 0.0.0.0:8080;
            listen [::]:8080;
            server_name test "~^.+\.test$";

            # as above

            location / {
                # A WebSocket has timeouts of its own; 418 goes nowhere else.
                error_page 418 = @websocket;
                if ($mesh_upgrade) {
                    return 418;
                }
                proxy_pass http://mesh_billingweb_endpoint;
            }
            location @websocket {
                proxy_read_timeout 120s;
                proxy_send_timeout 120s;
                proxy_pass http://mesh_billingweb_endpoint;
            }
        }

        # [::1] → AuthWeb.Endpoint (config/prod.exs:4)
        server {
            listen 0.0.0.0:8080;
            listen [::]:8080;
            server_name [::1];

            # as above

            location / {
                # A WebSocket has timeouts of its own; 418 goes nowhere else.
                error_page 418 = @websocket;
                if ($mesh_upgrade) {
                    return 418;
                }
                proxy_pass http://mesh_authweb_endpoint;
            }
            location @websocket {
                proxy_read_timeout 120s;
                proxy_send_timeout 120s;
                proxy_pass http://mesh_authweb_endpoint;
            }
        }
    "##]].assert_eq(&once(&exported.text));
    assert!(exported.remarks.is_empty(), "{:?}", exported.remarks);
}

#[test]
fn what_settings_change() {
    let settings = Settings {
        limits: Limits {
            body: Some(1_048_576),
            uri: 100_000,
            ..Limits::default()
        },
        forwarded_proto: ForwardedProto::Https,
        trusted_proxies: TrustedProxies(Vec::new()),
        ..production()
    };
    let plain = exported(&table(false), &production(), &["[::]:80"], export).text;
    let changed = exported(
        &table(true),
        &settings,
        &["[::]:80", "unix:/run/g w.sock"],
        export,
    );
    expect![[r#"
            255.255.255.255 1;
            "~^1\|unix:\|" "";
            "~^1\|(?<mesh_unix_client>[^|]+)\|unix:\|(?:.*[,\s])?(?<mesh_unix_tail>\k<mesh_unix_client>(?:[,\s].*)?)$" $mesh_unix_tail;
            default https;
            "~^.{65535}.{34465}." 1;
            listen "unix:/run/g w.sock" default_server;
            client_max_body_size 1048576;
            set_real_ip_from unix:;
            listen "unix:/run/g w.sock";"#]].assert_eq(&added(&plain, &changed.text));
}

#[test]
fn quotes_hold_whatever_a_path_has() {
    assert_eq!(quoted(r#"a "b" \ $c {d} ;"#), r#""a \"b\" \\ $c {d} ;""#);
}
