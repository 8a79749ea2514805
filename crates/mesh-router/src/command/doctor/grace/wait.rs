//! Durations as Go, Docker and systemd write them.

use std::time::Duration;

/// Reads `90s`, `1m30s`, `500ms`; `None` for what isn't known here, such as `${WAIT}`.
pub(super) fn of_go(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest
            .len()
            .saturating_sub(rest.trim_start_matches(is_digit).len());
        let (number, after) = rest.split_at(digits);
        let letters = after
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        total = total.checked_add(unit_of(unit)?.checked_mul(number.parse().ok()?)?)?;
        rest = after.trim_start();
    }
    Some(total)
}

/// Reads `90`, `1min 30s`; `infinity` and `0` are no bound.
pub(super) fn of_systemd(text: &str) -> Option<Duration> {
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => of_go(text)?,
    };
    (!wait.is_zero()).then_some(wait)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn unit_of(name: &str) -> Option<Duration> {
    Some(match name {
        "us" | "usec" => Duration::from_micros(1),
        "ms" | "msec" => Duration::from_millis(1),
        "s" | "sec" | "second" | "seconds" => Duration::from_secs(1),
        "m" | "min" | "minute" | "minutes" => Duration::from_secs(60),
        "h" | "hr" | "hour" | "hours" => Duration::from_secs(3600),
        _ => return None,
    })
}
