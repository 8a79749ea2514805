//! Names as people write them.

use super::{NameError, NodeName, OwnName, Target};

#[test]
fn names_have_two_parts() {
    let check = |text: &str, name: &str, host: &str, is_long: bool| {
        let parsed: NodeName = text.parse().unwrap();
        assert_eq!((parsed.name(), parsed.host()), (name, host), "{text}");
        assert_eq!(parsed.is_long(), is_long, "{text}");
        assert_eq!(parsed.to_string(), text);
    };
    check("auth@127.0.0.1", "auth", "127.0.0.1", true);
    check("auth@host1", "auth", "host1", false);
    check("auth-2_x@app.internal", "auth-2_x", "app.internal", true);
    check("auth@::1", "auth", "::1", true);
    check("größe@host", "größe", "host", false);
}

#[test]
fn what_is_no_name_is_told() {
    let check = |text: &str, expected: NameError| {
        assert_eq!(text.parse::<NodeName>(), Err(expected), "{text:?}");
    };
    for text in ["", "auth", "@host", "auth@", "a@b@c"] {
        check(text, NameError::Shape(text.to_owned()));
    }
    for text in ["a b@host", "auth@ho\nst", "auth@h\0"] {
        check(text, NameError::Space(text.to_owned()));
    }
    let long = format!("{}@host", "a".repeat(251));
    check(&long, NameError::Long(256));
}

#[test]
fn targets_may_have_a_port() {
    let check = |text: &str, name: &str, port: Option<u16>| {
        let target: Target = text.parse().unwrap();
        assert_eq!((target.name.as_str(), target.port), (name, port), "{text}");
        assert_eq!(target.to_string().parse(), Ok(target));
    };
    check("auth@127.0.0.1", "auth@127.0.0.1", None);
    check("auth@127.0.0.1:9100", "auth@127.0.0.1", Some(9100));
    check("auth@host:1", "auth@host", Some(1));
    check("auth@::1", "auth@::1", None);
    check("auth@[::1]", "auth@::1", None);
    check("auth@[::1]:9100", "auth@::1", Some(9100));
    for (text, port) in [
        ("auth@host:0", "0"),
        ("auth@host:65536", "65536"),
        ("auth@host:", ""),
        ("auth@[::1]x", "x"),
    ] {
        let expected = NameError::Port(port.to_owned());
        assert_eq!(text.parse::<Target>(), Err(expected), "{text}");
    }
}

#[test]
fn our_own_name_is_of_the_nodes_kind() {
    let own = |target: &str| match OwnName::dynamic_for(&target.parse().unwrap()) {
        OwnName::Dynamic { host } => host,
        OwnName::Static(name) => name.to_string(),
    };
    assert_eq!(own("auth@host"), "mesh-router");
    assert_eq!(own("auth@127.0.0.1"), "mesh-router.invalid");
    assert_eq!(own("auth@[::1]:1"), "mesh-router.invalid");
}
