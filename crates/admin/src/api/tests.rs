use axum::body::Body;

use super::*;

/// The status with which a request is refused, if it is.
fn refused(method: Method, target: &str, fields: &[(&str, &str)]) -> Option<u16> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    refusal(&request).map(|response| response.status().as_u16())
}

#[test]
fn only_loopback_names_are_answered() {
    let get = |hosts: &[&str]| {
        let fields: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
        refused(Method::GET, "/", &fields)
    };
    for host in [
        "localhost",
        "LOCALHOST:9900",
        "127.0.0.1",
        "127.0.0.1:9900",
        "127.1.2.3:1",
        "[::1]:9900",
    ] {
        assert_eq!(get(&[host]), None, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:9900",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1:9900",
        "[::2]",
        "0.0.0.0:9900",
        "",
        "a b",
    ] {
        assert_eq!(get(&[host]), Some(421), "{host}");
    }
    assert_eq!(get(&[]), Some(421), "no host at all");
    assert_eq!(get(&["localhost", "evil.example"]), Some(421));
    let of_target = refused(
        Method::GET,
        "http://evil.example/",
        &[("host", "localhost")],
    );
    assert_eq!(of_target, Some(421));
}

#[test]
fn a_page_may_not_change_anything() {
    let host = ("host", "localhost:9900");
    let origin = ("origin", "http://localhost:9900");
    let site = ("sec-fetch-site", "same-origin");
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(refused(method.clone(), "/", &[host]), None, "{method}");
        assert_eq!(
            refused(method.clone(), "/", &[host, origin]),
            Some(403),
            "{method}"
        );
        assert_eq!(
            refused(method.clone(), "/", &[host, site]),
            Some(403),
            "{method}"
        );
    }
    assert_eq!(refused(Method::GET, "/", &[host, origin, site]), None);
}
