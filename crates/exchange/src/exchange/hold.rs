//! Waiting for a service that can't be connected to, as while its BEAM restarts.
//!
//! Of a request that waits, nothing has gone out: once its service is back it goes to it as if it
//! had just come. How long it waits depends on who asks: a browser in development gets a page that
//! asks again by itself, and a Phoenix socket is parted with (`parting`), since its client would give
//! WebSocket up for good.

use std::time::{Duration, Instant};

use routes::{Host, Mode, Published, Serving};

use super::{Exchange, Method, Overdue, Stage, parting};
use crate::{Cause, Context, Driver, Reuse, driver::Holding, error::Failure, page::Form};

/// A browser in development gets its page after this.
const PAGE_WAIT: Duration = Duration::from_secs(1);
/// A Phoenix socket is opened and closed after this. phoenix.js gives WebSocket up after 2.5 s, and
/// browsers open one socket at a time to an address, so that those of other hosts wait behind it.
pub(super) const SOCKET_WAIT: Duration = Duration::from_millis(200);
/// How long an app that goes down may take until it can't be connected to.
const AGAIN_WAIT: Duration = Duration::from_millis(100);
/// Any other upgrade.
const UPGRADE_WAIT: Duration = Duration::from_secs(2);

/// How a request has waited so far.
#[derive(Debug, Default)]
pub(super) struct Hold {
    /// It waits now, since then.
    since: Option<Instant>,
    /// Its patience is counted from here: the first wait, or the end of a pause.
    from: Option<Instant>,
    /// Of the waits that have ended.
    total: Duration,
    who: Who,
    /// The service was up within the last minute.
    was_up: bool,
    /// It waits by itself, until then.
    again_at: Option<Instant>,
}

/// Who waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Who {
    #[default]
    Request,
    /// Somebody before a browser, in development.
    Browser,
    /// phoenix.js, which wants a WebSocket.
    Socket,
    /// Another that wants a WebSocket.
    Upgrade,
}

impl Hold {
    /// How long it has waited in all.
    pub(super) fn total(&self) -> Duration {
        self.total
    }
}

impl Exchange {
    /// Waits for the service; where it may not, that is how it ends: with `failure`.
    pub(super) fn hold<D: Driver>(&mut self, failure: Failure, cx: &mut Context<'_, D>) {
        let Some(slot) = self.slot else {
            return self.fail(failure, cx);
        };
        let service = cx.published.snapshot.by_slot(slot);
        let is_paused = service.is_some_and(|service| service.paused);
        let is_silent = service.is_none_or(|service| service.serving != Serving::Yes);
        let never = cx.published.settings.timeouts.hold.is_zero() && !is_paused;
        if is_silent || never {
            return self.fail(failure, cx);
        }
        self.hold.who = self.who_waits(cx.published);
        match cx.driver.hold(slot) {
            Holding::Queued { was_up } => {
                self.stage = Stage::Held;
                self.hold.since = Some(cx.now);
                self.hold.from.get_or_insert(cx.now);
                self.hold.was_up = was_up;
            }
            // There is no need to keep what it asks: it comes back with it.
            Holding::Full if self.hold.who == Who::Socket => {
                self.open_parting(slot, Cause::Away, cx);
            }
            Holding::Full => self.fail(Failure::Overload, cx),
        }
    }

    /// Waits for a moment until it tries again, where it isn't known whether the app goes down or what
    /// it was asked is to blame. Nobody waits behind it: that is for those who can't connect.
    pub(super) fn pause(&mut self, now: Instant) {
        self.attempts += 1;
        self.stage = Stage::Connecting;
        self.hold.again_at = now.checked_add(AGAIN_WAIT);
    }

    pub(super) fn again_due(&self) -> Option<(Instant, Overdue)> {
        Some((self.hold.again_at?, Overdue::Again))
    }

    /// The moment has passed.
    pub(super) fn try_again<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        self.hold.again_at = None;
        self.ask_again(cx);
        if self.stage == Stage::Waiting {
            self.forward(&[], cx);
        }
    }

    /// Whether it is the opening of a Phoenix socket, and one that a server would accept.
    pub(super) fn is_socket(&self) -> bool {
        self.wants_websocket
            && parting::is_phoenix_socket(&self.head)
            && self.switch_of_ours().is_some()
    }

    /// The service is back, or no longer paused: asks for a connection once more. `input` is what of
    /// the request's body has come; returns how many bytes of it were taken.
    pub(crate) fn come_back<D: Driver>(
        &mut self,
        was_paused: bool,
        input: &[u8],
        cx: &mut Context<'_, D>,
    ) -> usize {
        match self.stage {
            Stage::Held => {
                self.end_wait(cx.now);
                if was_paused {
                    self.hold.from = Some(cx.now);
                }
                self.ask_again(cx);
                if self.stage == Stage::Waiting {
                    return self.forward(input, cx);
                }
            }
            Stage::Parting => {
                self.parting.stand_down();
                self.close_parting(cx);
            }
            Stage::Head
            | Stage::Connecting
            | Stage::Waiting
            | Stage::Answering
            | Stage::Tunnel
            | Stage::Flushing(_)
            | Stage::Over(_) => {}
        }
        0
    }

    /// Looks the host up anew: the table may be another, and the service's number somebody else's.
    fn ask_again<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        let snapshot = &cx.published.snapshot;
        let host = Host::parse(self.notes.host()).ok();
        let found = host.and_then(|host| snapshot.find(&host).map(|found| found.service));
        let Some(service) = found else {
            return self.fail(Failure::NoRoute, cx);
        };
        let slot = snapshot.services[service].slot;
        self.slot = Some(slot);
        let reuse = match self.attempts {
            0 | 1 => self.reuse(),
            _ if self.is_socket() => Reuse::Socket,
            _ => Reuse::Never,
        };
        self.wish(slot, reuse, cx);
    }

    /// Ends the wait, if there is one, before it is answered.
    pub(super) fn unhold<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if self.hold.since.is_some() || self.parting.stands_by() {
            cx.driver.unhold();
        }
        self.parting.stand_down();
        self.end_wait(cx.now);
    }

    fn end_wait(&mut self, now: Instant) {
        if let Some(since) = self.hold.since.take() {
            self.hold.total += now.saturating_duration_since(since);
        }
    }

    /// When a request that waits has waited for long enough; never while its service is paused,
    /// which has an end of its own.
    pub(super) fn hold_due(&self, published: &Published) -> Option<(Instant, Overdue)> {
        let service = self.slot.and_then(|slot| published.snapshot.by_slot(slot));
        let is_paused = service.is_some_and(|service| service.paused);
        let timeouts = &published.settings.timeouts;
        let longest = if self.hold.was_up {
            timeouts.hold_restart
        } else {
            timeouts.hold
        };
        let wait = match self.hold.who {
            Who::Socket => SOCKET_WAIT,
            Who::Browser => PAGE_WAIT.min(longest),
            Who::Request | Who::Upgrade if is_paused => return None,
            Who::Request => longest,
            Who::Upgrade => UPGRADE_WAIT.min(longest),
        };
        Some((self.hold.from?.checked_add(wait)?, Overdue::Hold))
    }

    pub(super) fn hold_time_is_up<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        match (self.hold.who, self.slot) {
            (Who::Socket, Some(slot)) => {
                self.unhold(cx);
                self.open_parting(slot, Cause::Away, cx);
            }
            (Who::Request | Who::Browser | Who::Upgrade | Who::Socket, _) => {
                self.fail(Failure::HoldTimeout, cx);
            }
        }
    }

    /// Whether the answer is to be a page that asks again.
    pub(super) fn asks_again(&self, failure: Option<Failure>) -> bool {
        failure == Some(Failure::HoldTimeout) && self.hold.who == Who::Browser
    }

    fn who_waits(&self, published: &Published) -> Who {
        if self.is_socket() {
            return Who::Socket;
        }
        if self.wants_websocket {
            return Who::Upgrade;
        }
        let is_development = published.settings.mode == Mode::Development;
        match is_development && self.method == Method::Get && self.form == Form::Html {
            true => Who::Browser,
            false => Who::Request,
        }
    }
}

#[cfg(test)]
mod tests;
