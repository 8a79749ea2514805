use std::time::Duration;

use super::{count, duration, size, wait, word};

#[test]
fn durations_carry_a_unit() {
    let good = [
        ("500ms", 500),
        ("10s", 10_000),
        ("10 s", 10_000),
        ("2m", 120_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("0s", 0),
    ];
    for (text, millis) in good {
        assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
    }
    let bad = [
        (
            "10",
            "\"10\" has no unit, write it like \"10s\" (ms, s, m, h, d)",
        ),
        (
            "s",
            "\"s\" is not a whole number with a unit, such as \"10s\"",
        ),
        (
            "",
            "\"\" is not a whole number with a unit, such as \"10s\"",
        ),
        (
            "-1s",
            "\"-1s\" is not a whole number with a unit, such as \"10s\"",
        ),
        ("1.5s", "unknown unit \".5s\", known: ms, s, m, h, d"),
        ("10S", "unknown unit \"S\", did you mean \"10s\"?"),
        ("10sec", "unknown unit \"sec\", did you mean \"10s\"?"),
        ("367d", "\"367d\" is more than a year"),
        (
            "18446744073709551615d",
            "\"18446744073709551615d\" is too large a number",
        ),
        (
            "99999999999999999999s",
            "\"99999999999999999999s\" is too large a number",
        ),
    ];
    for (text, message) in bad {
        assert_eq!(duration(text), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn a_wait_is_not_zero() {
    assert_eq!(wait("1ms"), Ok(Duration::from_millis(1)));
    assert_eq!(wait("0h"), Err("\"0h\" leaves no time at all".to_owned()));
}

#[test]
fn sizes_carry_a_unit() {
    let good = [
        ("1B", 1),
        ("64KiB", 65_536),
        ("8MiB", 8 << 20),
        ("1GiB", 1 << 30),
        ("2MB", 2_000_000),
    ];
    for (text, bytes) in good {
        assert_eq!(size(text), Ok(bytes), "{text}");
    }
    let bad = [
        (
            "64",
            "\"64\" has no unit, write it like \"64KiB\" (B, KiB, MiB, GiB, kB, MB, GB)",
        ),
        ("64kib", "unknown unit \"kib\", did you mean \"64KiB\"?"),
        ("64K", "unknown unit \"K\", did you mean \"64KiB\"?"),
        ("99999999999GiB", "\"99999999999GiB\" is too large a number"),
    ];
    for (text, message) in bad {
        assert_eq!(size(text), Err(message.to_owned()), "{text}");
    }
}

#[test]
fn counts_are_at_least_one() {
    assert_eq!(count("200"), Ok(200));
    for text in ["0", "-1", "many", "1.0", ""] {
        assert_eq!(
            count(text),
            Err(format!("\"{text}\" is not a whole number of at least 1"))
        );
    }
}

#[test]
fn an_unknown_word_names_the_nearest() {
    let words = [("one", 1), ("any", 2), ("none", 3)];
    assert_eq!(word("any", &words), Ok(2));
    let message = "unknown word \"nome\", did you mean \"none\"? known: \"one\", \"any\", \"none\"";
    assert_eq!(word("nome", &words), Err(message.to_owned()));
    let message = "unknown word \"x\", known: \"one\", \"any\", \"none\"";
    assert_eq!(word("x", &words), Err(message.to_owned()));
}
