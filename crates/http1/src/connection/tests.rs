//! Connection options (RFC 9110 §7.6.1).

use super::*;
use crate::{HeadLimits, Parsed, RequestHead, parse_request};

fn with_head<T>(values: &[&str], see: impl FnOnce(&[u8], &[Field]) -> T) -> T {
    let lines: String = values
        .iter()
        .map(|value| format!("Connection: {value}\r\nX: y\r\n"))
        .collect();
    let bytes = format!("GET / HTTP/1.1\r\n{lines}\r\n");
    let limits = HeadLimits {
        head: 1 << 16,
        headers: 100,
        uri: 100,
    };
    let mut head = RequestHead::default();
    let parsed = parse_request(bytes.as_bytes(), &mut 0, &limits, &mut head);
    assert_eq!(parsed, Ok(Parsed::Complete), "{bytes}");
    see(bytes.as_bytes(), &head.fields)
}

/// `expected`: the options in the order close, keep-alive, upgrade, others, as letters.
fn check(values: &[&str], expected: &str) {
    let told = with_head(values, connection_options).map(|options| {
        [
            (options.close, 'c'),
            (options.keep_alive, 'k'),
            (options.upgrade, 'u'),
            (options.others, 'o'),
        ]
        .into_iter()
        .filter_map(|(is_set, letter)| is_set.then_some(letter))
        .collect::<String>()
    });
    assert_eq!(told.as_deref(), Ok(expected), "{values:?}");
}

fn check_refused(values: &[&str]) {
    assert_eq!(
        with_head(values, connection_options),
        Err(HeadError::Field),
        "{values:?}"
    );
}

mod s9110_7_6_1_connection {
    use super::*;

    #[test]
    fn options_of_all_lines_together() {
        check(&[], "");
        check(&[""], "");
        check(&["close"], "c");
        check(&["Keep-Alive"], "k");
        check(&["UPGRADE"], "u");
        check(&["keep-alive, Upgrade"], "ku");
        check(&["keep-alive", "close"], "ck");
        check(&["X-Secret"], "o");
        check(&["close,x-secret"], "co");
        check(&["\t x-SECRET ,, keep-alive ,"], "ko");
        check(&["closed"], "o");
    }

    #[test]
    fn an_option_is_a_token() {
        check_refused(&["close x"]);
        check_refused(&["keep-alive; timeout=5"]);
        check_refused(&["\"close\""]);
        check_refused(&["close", "cl\u{f6}se"]);
    }

    #[test]
    fn options_are_bounded() {
        check(&[&"a,".repeat(512)], "o");
        check_refused(&[&"a,".repeat(513)]);
        check_refused(&[&"a".repeat(1000), &"a".repeat(25)]);
    }

    #[test]
    fn a_listed_name_is_found_in_any_line_and_case() {
        let listed = |name: &str| {
            with_head(&["close", "\tX-Secret ,, te"], |buf, fields| {
                is_listed(buf, fields, name.as_bytes())
            })
        };
        assert!(listed("x-secret"));
        assert!(listed("TE"));
        assert!(listed("close"));
        assert!(!listed("x-secre"));
        assert!(!listed("x"));
        assert!(!listed(""));
    }
}
