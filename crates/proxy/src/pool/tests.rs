use super::*;

const MAX: Duration = Duration::from_secs(4);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn the_connection_used_last_is_used_next() {
    let now = crate::clock::now();
    let mut pool = Pool::default();
    assert!(pool.put(3, 10, now));
    assert!(pool.put(3, 11, now));
    assert_eq!(pool.take(3, Reuse::Any, MAX, now), Some(11));
    assert_eq!(pool.take(3, Reuse::Any, MAX, now), Some(10));
    assert_eq!(pool.take(3, Reuse::Any, MAX, now), None);
    assert_eq!(pool.take(99, Reuse::Any, MAX, now), None);
}

#[test]
fn what_may_be_reused_depends_on_the_request_and_the_time() {
    #[track_caller]
    fn check(reuse: Reuse, idle_for: Duration, idle_max: Duration, taken: bool) {
        let now = crate::clock::now();
        let mut pool = Pool::default();
        assert!(pool.put(0, 1, now));
        assert_eq!(
            pool.take(0, reuse, idle_max, now + idle_for).is_some(),
            taken
        );
    }
    check(Reuse::Any, ms(3_999), MAX, true);
    check(Reuse::Any, ms(4_000), MAX, false);
    check(Reuse::Fresh, ms(999), MAX, true);
    check(Reuse::Fresh, ms(1_000), MAX, false);
    check(Reuse::Fresh, ms(600), ms(500), false);
    check(Reuse::Never, ms(0), MAX, false);
}

#[test]
fn a_removed_connection_is_not_given_out() {
    let now = crate::clock::now();
    let mut pool = Pool::default();
    for connection in 0..3 {
        assert!(pool.put(0, connection, now));
    }
    pool.remove(0, 2);
    pool.remove(0, 77);
    pool.remove(9, 1);
    assert_eq!(pool.take(0, Reuse::Any, MAX, now), Some(1));
    assert_eq!(pool.clear(0), [0]);
    assert_eq!(pool.clear(5), [0; 0]);
    assert_eq!(pool.total, 0);
}

#[test]
fn both_bounds_hold() {
    let now = crate::clock::now();
    let mut pool = Pool::default();
    let mut kept = 0;
    for upstream in 0..20 {
        for connection in 0..300 {
            kept += usize::from(pool.put(upstream, connection, now));
        }
        assert!(kept <= (upstream as usize + 1) * PER_UPSTREAM_MAX);
    }
    assert_eq!(kept, TOTAL_MAX);
    assert_eq!(pool.clear(0).len(), PER_UPSTREAM_MAX);
    assert!(pool.put(0, 1, now), "room again");
}
