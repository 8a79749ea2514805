//! A coarse wheel of reminders.
//!
//! Whoever waits keeps its deadline in a [`Reminder`] of its own; the wheel holds only the number
//! of the one to be asked. Moving a deadline further away therefore touches no list at all: the
//! entry rings at its old time, finds a later deadline, and is armed again. A busy connection
//! costs one wheel operation every few seconds, not one for every request.

use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// How coarse the wheel is: a reminder rings at its deadline or up to this much later.
pub(crate) const TICK: Duration = Duration::from_millis(64);
/// `TICK` in milliseconds is two to this power.
const TICK_SHIFT: u32 = 6;
/// Ticks in one round, 16 s. A deadline further away rings once a round and is armed again. What a
/// closed connection leaves in the wheel goes within a round: with a longer one, many short
/// connections would hold more.
const SLOTS: u32 = 256;
const WORD_BITS: u32 = u64::BITS;
/// Entries that a slot keeps room for. A burst of connections fills one slot with an entry each; the
/// next burst meets another slot, and without a bound the room for all of them would stay.
const KEPT_ENTRIES_MAX: usize = 64;

/// What one waiter is to be reminded of: at most one deadline at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reminder {
    /// The tick of the deadline; 0 for none.
    due: u32,
    /// The tick of the earliest entry in the wheel; 0 for none.
    armed: u32,
}

impl Reminder {
    /// Returns whether there is a deadline.
    #[cfg(test)]
    pub(crate) fn is_set(self) -> bool {
        self.due != 0
    }
}

/// An entry whose tick has passed; [`Wheel::ring`] says whether it means anything still.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expired {
    /// Who is to be asked.
    pub(crate) token: usize,
    tick: u32,
}

/// The wheel of one worker.
#[derive(Debug)]
pub(crate) struct Wheel {
    start: Instant,
    /// Every tick up to this one has been expired.
    passed: u32,
    slots: Vec<Vec<usize>>,
    /// One bit for each slot that holds entries.
    occupied: [u64; (SLOTS / WORD_BITS) as usize],
}

impl Wheel {
    /// Makes an empty wheel.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            start: now,
            passed: 0,
            slots: (0..SLOTS).map(|_| Vec::new()).collect(),
            occupied: [0; (SLOTS / WORD_BITS) as usize],
        }
    }

    /// Sets or clears a deadline; the latest call counts.
    pub(crate) fn set(&mut self, reminder: &mut Reminder, at: Option<Instant>, token: usize) {
        let Some(at) = at else {
            reminder.due = 0;
            return;
        };
        reminder.due = self.tick(at).saturating_add(1);
        if reminder.armed == 0 || reminder.due < reminder.armed {
            self.arm(reminder, token);
        }
    }

    /// Moves the entries whose tick has passed to `expired`.
    pub(crate) fn expire(&mut self, now: Instant, expired: &mut Vec<Expired>) {
        let current = self.tick(now);
        if self.is_empty() {
            self.passed = self.passed.max(current);
            return;
        }
        // Entries stand at most one round ahead: after a long sleep each slot is visited once.
        let end = current.min(self.passed.saturating_add(SLOTS));
        while self.passed < end {
            self.passed += 1;
            let slot = self.passed % SLOTS;
            let (word, bit) = place(slot);
            if self.occupied[word] & bit != 0 {
                self.occupied[word] &= !bit;
                let tick = self.passed;
                let entries = &mut self.slots[slot as usize];
                expired.extend(entries.drain(..).map(|token| Expired { token, tick }));
                entries.shrink_to(KEPT_ENTRIES_MAX);
            }
        }
        self.passed = self.passed.max(current);
    }

    /// Returns whether the deadline behind an expired entry has come; clears it then. An entry
    /// that was overtaken by an earlier one means nothing; one that is early is armed again.
    pub(crate) fn ring(&mut self, reminder: &mut Reminder, expired: Expired) -> bool {
        if reminder.armed != expired.tick {
            return false;
        }
        reminder.armed = 0;
        if reminder.due == 0 {
            return false;
        }
        if reminder.due <= self.passed {
            reminder.due = 0;
            return true;
        }
        self.arm(reminder, expired.token);
        false
    }

    /// Returns how long nothing will ring; `None` when the wheel is empty.
    pub(crate) fn quiet(&self, now: Instant) -> Option<Duration> {
        let first = self.passed + 1;
        let ahead = self.first_occupied(first % SLOTS)?;
        let at = self.start + TICK * (first + ahead);
        Some(at.saturating_duration_since(now))
    }

    fn arm(&mut self, reminder: &mut Reminder, token: usize) {
        let nearest = self.passed.saturating_add(1);
        let furthest = self.passed.saturating_add(SLOTS);
        reminder.armed = reminder.due.clamp(nearest, furthest);
        let slot = reminder.armed % SLOTS;
        self.slots[slot as usize].push(token);
        let (word, bit) = place(slot);
        self.occupied[word] |= bit;
    }

    /// The last tick that has begun at `at`.
    fn tick(&self, at: Instant) -> u32 {
        let elapsed = at.saturating_duration_since(self.start);
        u32::try_from(elapsed.as_millis() >> TICK_SHIFT).unwrap_or(u32::MAX - 1)
    }

    fn is_empty(&self) -> bool {
        self.occupied.iter().all(|word| *word == 0)
    }

    /// How many slots after `from` the first occupied one stands.
    fn first_occupied(&self, from: u32) -> Option<u32> {
        let words = SLOTS / WORD_BITS;
        // One word more than there are: the first one's lower bits come last.
        (0..=words).find_map(|step| {
            let index = (from / WORD_BITS + step) % words;
            let mut word = self.occupied[index as usize];
            if step == 0 {
                word &= u64::MAX << (from % WORD_BITS);
            }
            let slot = index * WORD_BITS + word.trailing_zeros();
            (word != 0).then(|| (slot + SLOTS - from) % SLOTS)
        })
    }
}

fn place(slot: u32) -> (usize, u64) {
    ((slot / WORD_BITS) as usize, 1 << (slot % WORD_BITS))
}
