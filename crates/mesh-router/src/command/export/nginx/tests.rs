use expect_test::{expect, expect_file};
use routes::{ForwardedProto, Limits, Settings, TrustedProxies};

use super::{
    super::plan::tests::{added, exported, production, table},
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

#[test]
fn a_whole_file() {
    let exported = exported(
        &table(false),
        &production(),
        &["0.0.0.0:8080", "[::]:8080"],
        export,
    );
    expect_file!["../testdata/nginx.conf"].assert_eq(&once(&exported.text));
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
