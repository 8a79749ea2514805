use expect_test::{Expect, expect};

use super::pattern;

#[track_caller]
fn check(network: &str, expected: &Expect) {
    let shown = pattern(&network.parse().unwrap());
    expected.assert_eq(&shown.unwrap_or_else(|| "none".to_owned()));
}

#[test]
fn networks_as_expressions() {
    check("127.0.0.0/8", &expect![[r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}"]]);
    check(
        "172.16.0.0/14",
        &expect![[r"172\.(?:16|17|18|19)\.\d{1,3}\.\d{1,3}"]],
    );
    check("10.1.2.3/32", &expect![[r"10\.1\.2\.3"]]);
    check("10.1.2.4/31", &expect![[r"10\.1\.2\.(?:4|5)"]]);
    check(
        "0.0.0.0/0",
        &expect![[r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"]],
    );
    check("::1/128", &expect!["::1"]);
    check(
        "fc00::/7",
        &expect!["f[cd][0123456789abcdef][0123456789abcdef]:[0-9a-f:.]*"],
    );
    check(
        "fe80::/10",
        &expect!["fe[89ab][0123456789abcdef]:[0-9a-f:.]*"],
    );
    check("2001:db8::/32", &expect!["none"]);
    check("::/0", &expect!["none"]);
}
