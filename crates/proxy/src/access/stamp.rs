//! The time of day as RFC 3339 writes it.

use std::time::{Duration, SystemTime};

/// `2024-02-29T12:00:00.000Z`.
const LENGTH: usize = 24;
const DAY_SECONDS: u64 = 86_400;
/// 9999-12-31: years beyond have no form in RFC 3339.
const DAYS_MAX: u64 = 2_932_896;

/// The formatted time of a turn, made when the turn's first line asks for it.
#[derive(Debug, Default)]
pub(super) struct Stamp {
    text: Option<[u8; LENGTH]>,
}

impl Stamp {
    /// Returns the time; reads the clock the first time in a turn.
    pub(super) fn text(&mut self, wall: impl FnOnce() -> SystemTime) -> &str {
        let text = self.text.get_or_insert_with(|| format(wall()));
        std::str::from_utf8(text).expect("digits and signs")
    }

    /// Begins a new turn.
    pub(super) fn forget(&mut self) {
        self.text = None;
    }
}

/// Formats a time in UTC with milliseconds. A clock before 1970 is shown as 1970.
pub(super) fn format(wall: SystemTime) -> [u8; LENGTH] {
    let since = wall
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    let (year, month, day) = civil((since.as_secs() / DAY_SECONDS).min(DAYS_MAX));
    let second = since.as_secs() % DAY_SECONDS;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day);
    digits(&mut text[11..13], second / 3600);
    digits(&mut text[14..16], second / 60 % 60);
    digits(&mut text[17..19], second % 60);
    digits(&mut text[20..23], u64::from(since.subsec_millis()));
    text
}

/// The date of a day since 1970-01-01. Counts in eras of 400 years that begin in March, so that
/// the leap day is a year's last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let year_days = 365 * year_of_era + year_of_era / 4 - year_of_era / 100;
    let day_of_year = day_of_era - year_days;
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day_of_month)
}

fn digits(into: &mut [u8], mut number: u64) {
    for digit in into.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}
