use super::{expand, matches};

#[track_caller]
fn check(pattern: &str, name: &str, expected: bool) {
    assert_eq!(matches(pattern, name), expected, "{pattern} against {name}");
}

#[test]
fn a_segment_matches_as_in_path_wildcard() {
    check("*.exs", "dev.exs", true);
    check("*.exs", ".exs", false);
    check("*.exs", ".dev.exs", false);
    check(".*", ".formatter.exs", true);
    check("*endpoint*.ex", "endpoint.ex", true);
    check("*endpoint*.ex", "admin_endpoint_v2.ex", true);
    check("*endpoint*.ex", "endpoint.exs", false);
    check("*endpoint*.ex", "router.ex", false);
    check("a*b*c", "abbbc", true);
    check("a*b*c", "abbbd", false);
    check("?.exs", "a.exs", true);
    check("?.exs", "ab.exs", false);
    check("?", "é", true);
    check("[a-c]x", "bx", true);
    check("[a-c]x", "dx", false);
    check("[abc]", "c", true);
    check("[a-", "[a-", true);
    check("", "", true);
    check("*", "", true);
    check("", "a", false);
}

#[test]
fn many_stars_stay_cheap() {
    let pattern = "*a".repeat(200);
    check(&pattern, &"a".repeat(199), false);
    check(&pattern, &"a".repeat(4_000), true);
}

#[test]
fn braces_expand_to_alternatives() {
    assert_eq!(expand("a"), ["a"]);
    assert_eq!(
        expand("{config,apps/*}/{a,b}.exs"),
        [
            "config/a.exs",
            "config/b.exs",
            "apps/*/a.exs",
            "apps/*/b.exs"
        ]
    );
    assert_eq!(expand("a{b"), ["a{b"]);
    assert_eq!(expand(&"{a,b}".repeat(20)).len(), 64);
}
