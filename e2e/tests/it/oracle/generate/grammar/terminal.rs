//! What has no parts.

use super::Productions;

pub(super) const WORD: Productions = &[
    (6, "acme"),
    (4, "shop"),
    (3, "web-1"),
    (2, "Auth"),
    (1, "a_b"),
    (1, "x y"),
    (1, "grüße"),
    (1, ""),
    (1, "_web"),
];

pub(super) const DOMAIN: Productions = &[
    (4, "acme.test"),
    (4, "shop.example.org"),
    (2, "localhost"),
    (2, "example.com"),
    (1, "127.0.0.1"),
    (1, "*.acme.test"),
    (1, "Acme.Test."),
];

pub(super) const KEY: Productions = &[
    (5, "url"),
    (5, "http"),
    (4, "port"),
    (4, "host"),
    (4, "a"),
    (4, "b"),
    (2, "pool_size"),
    (1, "key?"),
    (1, "bang!"),
    (1, "\"odd key\""),
    (1, "nil"),
    (1, "do_it"),
    (1, "Upper"),
    (1, "\"Elixir.Mod\""),
    (1, "üml"),
];

pub(super) const ODD_TEXT: Productions = &[
    (1, r#""""#),
    (1, r#""tab\there""#),
    (1, r#""quote\" and \\ back""#),
    (1, r#""\x41\u0042\u{1F600}\e\0\s""#),
    (1, r##""hash \#{no} #""##),
    (1, r#""ünïcode ß É""#),
    (1, r#""nb\u00A0space""#),
    (1, "\"two\nlines\""),
    (1, "\"joined\\\nlines\""),
    (1, r#""\a\b\v\f\d""#),
    (1, r#""{not} (a) b""#),
    (1, r#""a.b..c""#),
];

pub(super) const SPACED: Productions = &[
    (2, r#""  acme  ""#),
    (1, r#""\t\na b\r\n""#),
    (1, r#""\u00A0x\u2003""#),
    (1, r#""a\u00A0b c""#),
    (1, r#"" a  b ""#),
    (1, r#""\v\fx\u0085""#),
];

pub(super) const NUMBER: Productions = &[
    (6, "4000"),
    (4, "4001"),
    (3, "0"),
    (3, "1"),
    (2, "443"),
    (2, "1_000_000"),
    (1, "0xFF"),
    (1, "0xfA_0"),
    (1, "0o17"),
    (1, "0b1010"),
    (1, "(?a)"),
    (1, r"(?\n)"),
    (1, "(?ü)"),
    (1, "-5"),
    (1, "9_223_372_036_854_775_807"),
    (1, "123_456_789_012_345_678_901"),
];

pub(super) const DIGITS: Productions = &[
    (6, r#""4000""#),
    (2, r#""0""#),
    (1, r#""-12""#),
    (1, r#""+12""#),
    (1, r#""007""#),
];

pub(super) const LITERAL: Productions = &[
    (4, "1"),
    (3, "\"text\""),
    (2, ":atom"),
    (2, "nil"),
    (2, "true"),
    (1, "[]"),
    (1, "%{}"),
    (1, "{}"),
    (1, "1.5"),
    (1, "{:system, \"PORT\"}"),
    (1, "[:inet6, port: 4000]"),
    (1, "Some.Module"),
];

pub(super) const SIGIL: Productions = &[
    (3, "~w(a b c)"),
    (1, "~w[a  b\n c]"),
    (1, "~w()"),
    (1, "~w|x y|"),
    (1, "~w(a#{1} b)"),
    (1, r"~w(a\tb c\ d)"),
    (1, r"~W(a#{1} b\n)"),
    (1, "~w(a b)s"),
    (1, "~w{a-b _}"),
];

pub(super) const MODULE: Productions = &[
    (3, "AcmeWeb"),
    (2, "Acme.Repo"),
    (1, "Elixir.Full.Name"),
    (1, ":\"Elixir.Quoted\""),
    (1, ":erlang_mod"),
];

pub(super) const FILE: Productions = &[
    (3, "config/config.exs"),
    (2, "config/none.exs"),
    (2, "config"),
    (1, "./config/../config/dev.exs"),
    (1, "apps"),
    (1, "/nowhere/at/all"),
    (1, ""),
];
