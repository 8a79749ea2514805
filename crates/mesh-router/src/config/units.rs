//! Durations and sizes, written with their units.

use std::time::Duration;

use super::key::nearest;

#[cfg(test)]
mod tests;

/// No wait is longer: a number beyond it is a slip of the finger.
const DURATION_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Milliseconds in each unit.
const DURATION_UNITS: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Bytes in each unit.
const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// On or off.
pub(crate) const SWITCH: &[(&str, bool)] = &[("true", true), ("false", false)];

/// Parses a duration: `"10s"`, `"500ms"`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = Duration::from_millis(measure(text, "10s", DURATION_UNITS)?);
    if duration > DURATION_MAX {
        return Err(format!("\"{text}\" is more than a year"));
    }
    Ok(duration)
}

/// Parses a duration that can't be zero.
pub(crate) fn wait(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err(format!("\"{text}\" leaves no time at all")),
        duration => Ok(duration),
    }
}

/// Parses a size in bytes: `"64KiB"`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    measure(text, "64KiB", SIZE_UNITS)
}

/// Parses a count of at least one.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err(format!("\"{text}\" is not a whole number of at least 1")),
        Ok(count) => Ok(count),
    }
}

/// Parses one of `words`.
pub(crate) fn word<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let all = names
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(", ");
    Err(match nearest(text, names) {
        Some(near) => format!("unknown word \"{text}\", did you mean \"{near}\"? known: {all}"),
        None => format!("unknown word \"{text}\", known: {all}"),
    })
}

/// Parses a whole number and one of `units`; returns how many of the smallest unit that is.
fn measure(text: &str, example: &str, units: &[(&str, u64)]) -> Result<u64, String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start();
    let names = || units.iter().map(|(name, _)| *name);
    let known = || names().collect::<Vec<_>>().join(", ");
    if number.is_empty() {
        return Err(format!(
            "\"{text}\" is not a whole number with a unit, such as \"{example}\""
        ));
    }
    if unit.is_empty() {
        return Err(format!(
            "\"{text}\" has no unit, write it like \"{example}\" ({})",
            known()
        ));
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        // `64K` and `1 min` mean the first unit that starts alike: powers of two are listed first.
        let same = names().find(|name| {
            let shared = name.len().min(unit.len());
            let start = unit.get(..shared).zip(name.get(..shared));
            start.is_some_and(|(unit, name)| unit.eq_ignore_ascii_case(name))
        });
        return Err(match same.or_else(|| nearest(unit, names())) {
            Some(near) => format!("unknown unit \"{unit}\", did you mean \"{number}{near}\"?"),
            None => format!("unknown unit \"{unit}\", known: {}", known()),
        });
    };
    let number: Option<u64> = number.parse().ok();
    number
        .and_then(|number| number.checked_mul(*factor))
        .ok_or_else(|| format!("\"{text}\" is too large a number"))
}
