use expect_test::expect;
use http1::Version;

use super::{Form, Page};
use crate::error::Failure;

fn page(form: Form, text: &str) -> (String, String) {
    let page = Page {
        status: 503,
        failure: Some(Failure::NoUpstream),
        form,
        text,
        request_id: "an-id",
        listing: None,
        version: Version::Http10,
        keep_alive: true,
        asks_again: false,
    };
    let (mut head, mut body) = (Vec::new(), Vec::new());
    page.write(&mut head, &mut body);
    (
        String::from_utf8(head).unwrap(),
        String::from_utf8(body).unwrap(),
    )
}

#[test]
fn a_head() {
    let (head, _) = page(Form::Text, "x");
    expect![[r#"
        HTTP/1.1 503 Service Unavailable
        Content-Type: text/plain; charset=utf-8
        Content-Length: 1
        Cache-Control: no-store
        Proxy-Status: mesh-router; error=destination_unavailable
        Retry-After: 1
        X-Request-Id: an-id
        Connection: keep-alive

    "#]]
    .assert_eq(&head.replace('\r', ""));
}

#[test]
fn bodies_escape_what_they_hold() {
    let text = "<a href=\"x\">'&\\\n";
    let forms = [Form::Text, Form::Html, Form::Problem];
    expect![[r#"
        <a href="x">'&\

        ---
        <!doctype html>
        <html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>503 Service Unavailable</title><style>body{font:16px/1.5 system-ui,sans-serif;margin:4rem auto;max-width:40rem;padding:0 1rem}small{color:#777}</style>
        <h1>503 Service Unavailable</h1>
        <p>&lt;a href=&quot;x&quot;&gt;&#39;&amp;\
        </p>
        <p><small>mesh-router · request an-id</small></p>

        ---
        {"type":"about:blank","title":"Service Unavailable","status":503,"detail":"<a href=\"x\">'&\\\u000a","request_id":"an-id"}
    "#]].assert_eq(&forms.map(|form| page(form, text).1).join("\n---\n"));
}

#[test]
fn the_form_is_the_clients_choice() {
    for (accept, form) in [
        ("text/html,application/xhtml+xml,*/*;q=0.8", Form::Html),
        ("application/json", Form::Problem),
        ("application/problem+json, */*", Form::Problem),
        ("*/*", Form::Text),
        ("", Form::Text),
    ] {
        assert_eq!(Form::accepted(accept.as_bytes()), form, "{accept}");
    }
}
