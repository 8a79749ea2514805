use expect_test::expect;
use routes::{ForwardedProto, Limits, Settings, TrustedProxies};

use super::{
    super::plan::tests::{exported, production, table},
    export, quoted,
};

#[test]
fn a_whole_file() {
    let exported = exported(
        &table(false),
        &production(),
        &["0.0.0.0:8080", "[::]:8080"],
        export,
    );
    expect![[r##"
        # Written by `mesh-router export --to caddy` of mesh-router 1.2.3. It follows nothing: write it again after a change.
        #
        # From:  project shop\nload_module evil;, environment prod
        # Mode:  production (the environment is prod)
        #
        # What is other than in the gateway:
        # - No discovery: hosts and addresses are those of the moment of export.
        # - No drain as the gateway knows it: WebSockets end without close code 1012, so Phoenix's clients may take longer to come back.
        # - Error pages are this server's own, without Proxy-Status and problem+json, but for 404 and 503.
        # - No access line as the gateway writes it; no request is refused as a loop (508).
        # - X-Forwarded-For of a trusted proxy is passed on whole, with what stands left of the client: let the proxy in front set it, not append to it. Where it sends a list in X-Forwarded-Proto, its last entry counts.
        # - Via is not written (Caddy 2.10 writes its own). Answers have Server: Caddy where the app says none.
        # - X-Forwarded-Host is spelled as the client spelled it, not in lower case.
        # - A host with a dot at its end is no other name for the host without.
        # - Of a target that names another host than the Host field, Caddy goes by the target.
        # - The bounds of the request target and of the number of header lines are the head's.
        # - There is no timeout for a body without progress, for a silent stream or a silent WebSocket.
        # - Peers on a Unix socket are not trusted.
        # - Caddy's admin endpoint (localhost:2019) is on; `admin off` in the first block ends that.

        {
        	auto_https off
        	shutdown_delay 0s
        	grace_period 45s
        	servers {
        		protocols h1
        		max_header_size 65536
        		timeouts {
        			read_header 10s
        			idle 75s
        		}
        	}
        }

        (mesh_forwarded) {
        	@mesh_untrusted not remote_ip 127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
        	request_header @mesh_untrusted -Forwarded
        	request_header @mesh_untrusted -X-Forwarded-*
        	request_header @mesh_untrusted -X-Real-Ip
        	request_header @mesh_untrusted -X-Client-Ip
        	request_header @mesh_untrusted -X-Request-Id
        	request_header -TE
        	@mesh_https header_regexp X-Forwarded-Proto `(?i)(^|,)\s*(https|wss)\s*$`
        	@mesh_http header_regexp X-Forwarded-Proto `(?i)(^|,)\s*(http|ws)\s*$`
        	@mesh_proto not header_regexp X-Forwarded-Proto `(?i)(^|,)\s*(https?|wss?)\s*$`
        	request_header @mesh_https X-Forwarded-Proto https
        	request_header @mesh_http X-Forwarded-Proto http
        	request_header @mesh_proto X-Forwarded-Proto http
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
        }

        # BillingWeb.Endpoint: Caddy can't be told the address unix:/run/a b/{$HOME}"; }.sock, this upstream is left out

        # deep.auth.test → BillingWeb.Endpoint (config/prod.exs:4)
        http://deep.auth.test:8080, http://*.deep.auth.test:8080 {
        	bind 0.0.0.0 [::]
        	route {
        		import mesh_forwarded
        		handle /.mesh-router/ready {
        			header Cache-Control no-store
        			respond ok 200
        		}
        		reverse_proxy 127.0.0.1:4002 {
        			trusted_proxies 127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
        			lb_policy random_choose 2
        			header_up X-Forwarded-Proto {header.X-Forwarded-Proto}
        			header_up X-Forwarded-Host {header.X-Forwarded-Host}
        			header_up X-Forwarded-Host ^(.*):[0-9]*$ $1
        			header_down -X-Request-Id
        			transport http {
        				versions 1.1
        				compression off
        				dial_timeout 2s
        				response_header_timeout 60s
        				keepalive 4s
        				max_response_header 65536
        			}
        		}
        	}
        }

        # auth.test → AuthWeb.Endpoint (config/prod.exs:4)
        http://auth.test:8080, http://*.auth.test:8080 {
        	bind 0.0.0.0 [::]
        	route {
        		import mesh_forwarded
        		handle /.mesh-router/ready {
        			header Cache-Control no-store
        			respond ok 200
        		}
        		reverse_proxy 127.0.0.1:4001 [::1]:4001 {
        			trusted_proxies 127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
        			lb_policy random_choose 2
        			header_up X-Forwarded-Proto {header.X-Forwarded-Proto}
        			header_up X-Forwarded-Host {header.X-Forwarded-Host}
        			header_up X-Forwarded-Host ^(.*):[0-9]*$ $1
        			header_down -X-Request-Id
        			transport http {
        				versions 1.1
        				compression off
        				dial_timeout 2s
        				response_header_timeout 60s
        				keepalive 55s
        				max_response_header 65536
        			}
        		}
        	}
        }

        # docs.test → docs.test (config/prod.exs:4)
        http://docs.test:8080 {
        	bind 0.0.0.0 [::]
        	route {
        		import mesh_forwarded
        		handle /.mesh-router/ready {
        			header Cache-Control no-store
        			respond ok 200
        		}
        		reverse_proxy `unix//run/d \{x\} "q" \ $y'.sock` {
        			trusted_proxies 127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
        			lb_policy random_choose 2
        			header_up X-Forwarded-Proto {header.X-Forwarded-Proto}
        			header_up X-Forwarded-Host {header.X-Forwarded-Host}
        			header_up X-Forwarded-Host ^(.*):[0-9]*$ $1
        			header_down -X-Request-Id
        			transport http {
        				versions 1.1
        				compression off
        				dial_timeout 2s
        				response_header_timeout 60s
        				keepalive 4s
        				max_response_header 65536
        			}
        		}
        	}
        }

        # idle.test → IdleWeb.Endpoint (config/prod.exs:4)
        http://idle.test:8080, http://*.idle.test:8080 {
        	bind 0.0.0.0 [::]
        	route {
        		import mesh_forwarded
        		handle /.mesh-router/ready {
        			header Cache-Control no-store
        			respond ok 200
        		}
        		header Retry-After 1
        		header Cache-Control no-store
        		header Proxy-Status "caddy; error=destination_unavailable"
        		respond "the service is not running" 503
        	}
        }

        # test → BillingWeb.Endpoint (config/prod.exs:4)
        http://test:8080, http://*.test:8080 {
        	bind 0.0.0.0 [::]
        	route {
        		import mesh_forwarded
        		handle /.mesh-router/ready {
        			header Cache-Control no-store
        			respond ok 200
        		}
        		reverse_proxy 127.0.0.1:4002 {
        			trusted_proxies 127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
        			lb_policy random_choose 2
        			header_up X-Forwarded-Proto {header.X-Forwarded-Proto}
        			header_up X-Forwarded-Host {header.X-Forwarded-Host}
        			header_up X-Forwarded-Host ^(.*):[0-9]*$ $1
        			header_down -X-Request-Id
        			transport http {
        				versions 1.1
        				compression off
        				dial_timeout 2s
        				response_header_timeout 60s
        				keepalive 4s
        				max_response_header 65536
        			}
        		}
        	}
        }

        # [::1] → AuthWeb.Endpoint (config/prod.exs:4)
        http://[::1]:8080 {
        	bind 0.0.0.0 [::]
        	route {
        		import mesh_forwarded
        		handle /.mesh-router/ready {
        			header Cache-Control no-store
        			respond ok 200
        		}
        		reverse_proxy 127.0.0.1:4001 [::1]:4001 {
        			trusted_proxies 127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
        			lb_policy random_choose 2
        			header_up X-Forwarded-Proto {header.X-Forwarded-Proto}
        			header_up X-Forwarded-Host {header.X-Forwarded-Host}
        			header_up X-Forwarded-Host ^(.*):[0-9]*$ $1
        			header_down -X-Request-Id
        			transport http {
        				versions 1.1
        				compression off
        				dial_timeout 2s
        				response_header_timeout 60s
        				keepalive 55s
        				max_response_header 65536
        			}
        		}
        	}
        }

        # Hosts that no site has.
        http://:8080 {
        	bind 0.0.0.0 [::]
        	route {
        		import mesh_forwarded
        		handle /.mesh-router/ready {
        			header Cache-Control no-store
        			respond ok 200
        		}
        		# deep.auth.test → BillingWeb.Endpoint (config/prod.exs:4)
        		@below_deep_auth_test header_regexp Host `(?i)^.+\.deep\.auth\.test(?::[0-9]*)?$`
        		handle @below_deep_auth_test {
        			reverse_proxy 127.0.0.1:4002 {
        				trusted_proxies 127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
        				lb_policy random_choose 2
        				header_up X-Forwarded-Proto {header.X-Forwarded-Proto}
        				header_up X-Forwarded-Host {header.X-Forwarded-Host}
        				header_up X-Forwarded-Host ^(.*):[0-9]*$ $1
        				header_down -X-Request-Id
        				transport http {
        					versions 1.1
        					compression off
        					dial_timeout 2s
        					response_header_timeout 60s
        					keepalive 4s
        					max_response_header 65536
        				}
        			}
        		}
        		# test → BillingWeb.Endpoint (config/prod.exs:4)
        		@below_test header_regexp Host `(?i)^.+\.test(?::[0-9]*)?$`
        		handle @below_test {
        			reverse_proxy 127.0.0.1:4002 {
        				trusted_proxies 127.0.0.0/8 ::1/128 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7
        				lb_policy random_choose 2
        				header_up X-Forwarded-Proto {header.X-Forwarded-Proto}
        				header_up X-Forwarded-Host {header.X-Forwarded-Host}
        				header_up X-Forwarded-Host ^(.*):[0-9]*$ $1
        				header_down -X-Request-Id
        				transport http {
        					versions 1.1
        					compression off
        					dial_timeout 2s
        					response_header_timeout 60s
        					keepalive 4s
        					max_response_header 65536
        				}
        			}
        		}
        		handle {
        			header Cache-Control no-store
        			header Proxy-Status "caddy; error=destination_not_found"
        			respond "unknown service: {host}" 404
        		}
        	}
        }
    "##]].assert_eq(&exported.text);
    expect![[r#"BillingWeb.Endpoint: Caddy can't be told the address unix:/run/a b/{$HOME}"; }.sock, this upstream is left out"#]].assert_eq(&exported.remarks.join("\n"));
}

#[test]
fn what_settings_change() {
    let settings = Settings {
        limits: Limits {
            body: Some(1_048_576),
            ..Limits::default()
        },
        forwarded_proto: ForwardedProto::Https,
        trusted_proxies: TrustedProxies(Vec::new()),
        health_path: Some("/a*".to_owned()),
        ..production()
    };
    let plain = exported(&table(false), &production(), &["[::]:80"], export).text;
    let changed = exported(
        &table(true),
        &settings,
        &["[::]:80", "unix:/run/g w.sock"],
        export,
    );
    let before: Vec<&str> = plain.lines().collect();
    let added = changed.text.lines().filter(|line| !before.contains(line));
    let mut added: Vec<&str> = added.collect();
    added.dedup();
    expect![[r##"
        # - The health path is left out: it has characters that Caddy reads otherwise.
        	request_header -Forwarded
        	request_header -X-Forwarded-*
        	request_header -X-Real-Ip
        	request_header -X-Client-Ip
        	request_header -X-Request-Id
        	request_header @mesh_proto X-Forwarded-Proto https
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        			reverse_proxy 127.0.0.1:4001 [::1]:4001 {
        					keepalive 55s
        http://deep.auth.test, http://*.deep.auth.test {
        	bind `unix//run/g w.sock`
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        http://auth.test, http://*.auth.test {
        	bind `unix//run/g w.sock`
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        http://docs.test {
        	bind `unix//run/g w.sock`
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        http://idle.test, http://*.idle.test {
        	bind `unix//run/g w.sock`
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        http://test, http://*.test {
        	bind `unix//run/g w.sock`
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        http://[::1] {
        	bind `unix//run/g w.sock`
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        http:// {
        	bind `unix//run/g w.sock`
        		@mesh_body expression `{header.Content-Length} != "" && int({header.Content-Length}) > 1048576`
        		handle @mesh_body {
        			respond "the request's body is too large" 413
        		request_body {
        			max_size 1048576
        			reverse_proxy 127.0.0.1:4001 [::1]:4001 {
        					keepalive 55s"##]].assert_eq(&added.join("\n"));
}

#[test]
fn quotes_hold_whatever_a_path_has_or_it_is_left_out() {
    assert_eq!(quoted(r#"a "b" \ $c"#).unwrap(), r#"`a "b" \ $c`"#);
    assert_eq!(quoted(r#"a `b` "c" \ d"#).unwrap(), r#""a `b` \"c\" \ d""#);
    assert_eq!(quoted(r#"a `b` \"c"#), None);
}
