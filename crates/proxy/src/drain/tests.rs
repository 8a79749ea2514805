use super::*;

/// Drains `tunnels` in `time` and returns how long it took to stop them all, and the most that
/// were stopped at once.
fn drained(tunnels: u32, time: Duration) -> (Duration, usize) {
    let start = crate::clock::now();
    let mut drain = Drain::new(start, start + time, (0..tunnels).collect());
    let (mut now, mut most, mut stopped) = (start, 0, Vec::new());
    while stopped.len() < tunnels as usize {
        let due = drain.due(now);
        most = most.max(due.len());
        stopped.extend(due);
        now = drain.next();
        assert!(now <= start + time, "not done at the deadline");
    }
    stopped.sort_unstable();
    assert_eq!(stopped, (0..tunnels).collect::<Vec<_>>(), "each once");
    (now.min(start + time) - start, most)
}

#[test]
fn few_tunnels_are_stopped_at_once() {
    let start = crate::clock::now();
    let mut drain = Drain::new(start, start + Duration::from_secs(45), vec![1, 2, 3]);
    assert_eq!(drain.due(start), [1, 2, 3]);
    assert_eq!(drain.due(start), [0; 0]);
    assert_eq!(drain.next(), drain.deadline);
}

#[test]
fn many_tunnels_are_stopped_at_a_steady_pace() {
    let (_, most) = drained(4_000, Duration::from_secs(45));
    assert_eq!(most, 10);
}

#[test]
fn a_short_time_makes_the_pace_faster() {
    let (_, most) = drained(10_000, Duration::from_secs(10));
    assert_eq!(most, 100);
    let (_, most) = drained(500, Duration::ZERO);
    assert_eq!(most, 500);
}
