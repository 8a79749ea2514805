use std::time::Duration;

use super::*;

/// How many of `tries` in a row are let through.
fn taken(bucket: &mut Bucket, rate: f64, now: Instant, tries: usize) -> usize {
    (0..tries).filter(|_| bucket.take(rate, now)).count()
}

#[test]
fn what_a_second_brings_may_come_at_once_and_then_at_its_pace() {
    let mut now = crate::clock::now();
    let mut bucket = Bucket::default();
    assert_eq!(taken(&mut bucket, 100.0, now, 500), 100);
    now += Duration::from_millis(100);
    assert_eq!(taken(&mut bucket, 100.0, now, 500), 10);
    now += Duration::from_secs(60);
    assert_eq!(taken(&mut bucket, 100.0, now, 500), 100, "no more is saved");
}

#[test]
fn a_slow_pace_lets_one_through_after_the_other() {
    let mut now = crate::clock::now();
    let mut bucket = Bucket::default();
    assert_eq!(taken(&mut bucket, 0.5, now, 10), 1);
    now += Duration::from_secs(1);
    assert_eq!(taken(&mut bucket, 0.5, now, 10), 0);
    now += Duration::from_secs(1);
    assert_eq!(taken(&mut bucket, 0.5, now, 10), 1);
}
