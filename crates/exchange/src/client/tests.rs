use expect_test::{Expect, expect};

use crate::{
    Connecting, Side,
    script::{REUSED, Script},
};

const GET: &str = "GET /a HTTP/1.1\r\nHost: auth.local\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[track_caller]
fn check(script: &mut Script, expected: &Expect) {
    expected.assert_eq(&script.calls());
}

#[test]
fn a_request_and_its_answer_take_one_send_each() {
    let mut script = Script::new();
    script.client_sends(GET).upstream_sends(OK);
    check(
        &mut script,
        &expect![[r#"
        connect 3 Any
        to upstream: GET /a HTTP/1.1 | Host: auth.local |  | 
        to client: HTTP/1.1 200 OK | Content-Length: 2 |  | ok
        release Reuse
        finished GET auth.local/a 200 ok
    "#]],
    );
}
