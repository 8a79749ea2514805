use expect_test::{expect, expect_file};
use routes::{ForwardedProto, Limits, Settings, TrustedProxies};

use super::{
    super::plan::tests::{added, exported, production, table},
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
    expect_file!["../testdata/Caddyfile"].assert_eq(&exported.text);
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
        http://deep.auth.test, http://*.deep.auth.test {
        bind `unix//run/g w.sock`
        http://auth.test, http://*.auth.test {
        http://docs.test {
        http://idle.test, http://*.idle.test {
        http://test, http://*.test {
        http://[::1] {
        http:// {"##]].assert_eq(&added(&plain, &changed.text));
}

#[test]
fn quotes_hold_whatever_a_path_has_or_it_is_left_out() {
    assert_eq!(quoted(r#"a "b" \ $c"#).unwrap(), r#"`a "b" \ $c`"#);
    assert_eq!(quoted(r#"a `b` "c" \ d"#).unwrap(), r#""a `b` \"c\" \ d""#);
    assert_eq!(quoted(r#"a `b` \"c"#), None);
}
