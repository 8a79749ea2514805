//! How many file descriptors the process may have, and how many connections that allows.

use rlimit::Resource;
use tracing::{debug, warn};

/// Descriptors that clients can't have: for upstreams, admin, health, logs and discovery.
const KEPT: u64 = 256;

/// Takes all that the system lets us have. The usual soft limit of 1024 is there for programs that
/// use `select`, which we don't.
pub(crate) fn raise() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        debug!(%error, "descriptor limit stays as it is");
    }
}

/// Returns how many connections of clients there can be where `asked` are allowed.
pub(crate) fn connections(asked: usize) -> usize {
    room().map_or(asked, |room| asked.min(room))
}

/// Says so where there can't be as many connections as somebody asked for.
pub(crate) fn tell(asked: Option<usize>) {
    let (Some(asked), Some(room)) = (asked, room()) else {
        return;
    };
    if asked <= room {
        return;
    }
    warn!(
        connections = room,
        asked,
        fix = "raise the hard limit of open files: LimitNOFILE= of a systemd unit, `ulimit -Hn`",
        "fewer connections than `limits.connections`, for want of descriptors"
    );
}

fn room() -> Option<usize> {
    let (soft, _) = Resource::NOFILE.get().ok()?;
    usize::try_from(within(soft)).ok()
}

/// Where there are few descriptors, a quarter is kept.
fn within(descriptors: u64) -> u64 {
    descriptors - KEPT.min(descriptors / 4)
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn few_descriptors_are_shared_and_of_many_some_are_kept() {
        for (descriptors, connections) in [(0, 0), (64, 48), (1024, 768), (20_000, 19_744)] {
            assert_eq!(within(descriptors), connections, "{descriptors}");
        }
        assert_eq!(within(u64::MAX), u64::MAX - 256);
    }
}
