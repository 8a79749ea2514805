use super::*;

struct Clock {
    start: Instant,
    wheel: Wheel,
}

impl Clock {
    fn new() -> Self {
        let start = crate::clock::now();
        Self {
            start,
            wheel: Wheel::new(start),
        }
    }

    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn set(&mut self, reminder: &mut Reminder, ms: u64) {
        let at = self.at(ms);
        self.wheel.set(reminder, Some(at), 7);
    }

    /// Advances to `ms` and returns whether the reminder rang.
    fn rings(&mut self, reminder: &mut Reminder, ms: u64) -> bool {
        let mut expired = Vec::new();
        let now = self.at(ms);
        self.wheel.expire(now, &mut expired);
        expired
            .into_iter()
            .filter(|entry| self.wheel.ring(reminder, *entry))
            .count()
            == 1
    }

    fn entries(&self) -> usize {
        self.wheel.slots.iter().map(Vec::len).sum()
    }
}

#[test]
fn rings_at_its_deadline_or_a_tick_later_and_once() {
    for deadline in [0, 1, 63, 64, 65, 1_000, 65_535, 65_536, 75_000, 600_000] {
        let mut clock = Clock::new();
        let mut reminder = Reminder::default();
        clock.set(&mut reminder, deadline);
        let mut now = 0;
        while !clock.rings(&mut reminder, now) {
            now += 10;
            assert!(now <= deadline + 80, "{deadline} has not rung at {now}");
        }
        assert!(now >= deadline, "{deadline} rang at {now}");
        assert!(!reminder.is_set());
        assert!(!clock.rings(&mut reminder, now + 200_000));
    }
}

#[test]
fn a_later_deadline_costs_no_entry() {
    let mut clock = Clock::new();
    let mut reminder = Reminder::default();
    for ms in 0..1_000 {
        clock.set(&mut reminder, 5_000 + ms);
    }
    assert_eq!(clock.entries(), 1);
    assert!(!clock.rings(&mut reminder, 5_900));
    assert!(clock.rings(&mut reminder, 6_100));
}

#[test]
fn an_earlier_deadline_overtakes() {
    let mut clock = Clock::new();
    let mut reminder = Reminder::default();
    clock.set(&mut reminder, 10_000);
    clock.set(&mut reminder, 1_000);
    assert!(clock.rings(&mut reminder, 1_100));
    assert!(
        !clock.rings(&mut reminder, 11_000),
        "the overtaken entry means nothing"
    );
}

#[test]
fn a_cleared_deadline_does_not_ring() {
    let mut clock = Clock::new();
    let mut reminder = Reminder::default();
    clock.set(&mut reminder, 1_000);
    clock.wheel.set(&mut reminder, None, 7);
    assert!(!clock.rings(&mut reminder, 2_000));
    assert_eq!(clock.entries(), 0);
}

#[test]
fn wakes_nobody_while_nothing_waits() {
    let mut clock = Clock::new();
    assert_eq!(clock.wheel.quiet(clock.start), None);
    let mut reminder = Reminder::default();
    clock.set(&mut reminder, 300);
    assert_eq!(
        clock.wheel.quiet(clock.start),
        Some(Duration::from_millis(320))
    );
    assert_eq!(clock.wheel.quiet(clock.at(400)), Some(Duration::ZERO));
    assert!(clock.rings(&mut reminder, 400));
    assert_eq!(clock.wheel.quiet(clock.at(400)), None);
}

#[test]
fn finds_the_next_entry_across_the_end_of_the_round() {
    let mut clock = Clock::new();
    assert!(!clock.rings(&mut Reminder::default(), 1_000 * 64));
    let mut reminder = Reminder::default();
    clock.set(&mut reminder, 1_029 * 64);
    assert_eq!(clock.wheel.quiet(clock.at(1_000 * 64)), Some(TICK * 30));
    assert!(clock.rings(&mut reminder, 1_030 * 64));
}

#[test]
fn a_long_sleep_rings_everything() {
    let mut clock = Clock::new();
    let mut near = Reminder::default();
    clock.set(&mut near, 500);
    assert!(clock.rings(&mut near, 10_000_000));
    clock.set(&mut near, 10_000_500);
    assert!(clock.rings(&mut near, 10_000_600));
}

#[test]
fn room_for_bursts_is_given_back() {
    let mut clock = Clock::new();
    for burst in 0..8_u64 {
        let at = 64 * (burst + 1);
        for _ in 0..10_000 {
            clock.set(&mut Reminder::default(), at);
        }
        clock.wheel.expire(clock.at(at + 128), &mut Vec::new());
    }
    assert_eq!(clock.entries(), 0);
    let room: usize = clock.wheel.slots.iter().map(Vec::capacity).sum();
    assert!(room <= 8 * KEPT_ENTRIES_MAX, "{room}");
}
