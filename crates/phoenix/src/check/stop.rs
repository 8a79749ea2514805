//! Waits at the end, against the patience of whoever asks for it.

use std::time::Duration;

use routes::{Finding, Severity};

use super::{Circumstances, Grace, Orchestrator, Seen, fixed};

/// What the gateway needs beyond its drain to end by itself.
const MARGIN: Duration = Duration::from_secs(1);

impl Orchestrator {
    /// The line that lets it wait for so long.
    fn line(self, wait: Duration) -> String {
        // All of them count whole seconds.
        let seconds = wait
            .as_secs()
            .saturating_add(u64::from(wait.subsec_nanos() > 0));
        match self {
            Self::Fly => format!("kill_timeout = \"{seconds}s\""),
            Self::Compose => format!("stop_grace_period: {seconds}s"),
            Self::Systemd => format!("TimeoutStopSec={seconds}"),
            Self::Kubernetes => format!("terminationGracePeriodSeconds: {seconds}"),
        }
    }
}

/// The gateway's own drain, against the most impatient of those who stop it.
pub(super) fn gateway(circumstances: &Circumstances<'_>) -> Option<Finding> {
    let drain = circumstances.delay.saturating_add(circumstances.drain);
    let graces = circumstances.graces.iter();
    let short = graces.filter(|grace| grace.wait < drain);
    // Where one is known to stop the gateway, that one counts.
    let grace = short.min_by_key(|grace| (!grace.is_gateways, grace.wait))?;
    let wait = shown(grace.wait);
    let (severity, outcome) = match grace.is_gateways {
        true => (Severity::Warning, format!("is killed after {wait}")),
        false => (
            Severity::Info,
            format!("would be killed after {wait} if it ran here"),
        ),
    };
    let left = grace.wait.saturating_sub(MARGIN);
    let left = left.saturating_sub(circumstances.delay);
    let line = grace.orchestrator.line(drain.saturating_add(MARGIN));
    Some(Finding {
        code: "grace-short",
        severity,
        origin: Some(grace.origin.clone()),
        message: format!(
            "asked to stop, the gateway waits up to {} for what is under way, and {outcome}: the rest \
             is cut off",
            shown(drain),
        ),
        fix: format!(
            "`{line}` in {}, or `drain = \"{}s\"` under [timeouts] in mesh-router.toml",
            grace.origin.file,
            left.as_secs()
        ),
    })
}

/// What the endpoint's own waits come to, against the most patient of those who may stop it: which
/// of them does isn't known.
pub(super) fn of_endpoint(seen: &Seen<'_>) -> Vec<Finding> {
    let graces = seen.circumstances.graces.iter();
    let of_apps = graces.filter(|grace| grace.is_apps);
    let Some(grace) = of_apps.max_by_key(|grace| grace.wait) else {
        return Vec::new();
    };
    let Grace {
        wait,
        orchestrator,
        origin,
        ..
    } = grace;
    let longer = seen.facts.stops.iter().filter(|stop| stop.wait > *wait);
    longer
        .map(|stop| {
            let finding = seen.warning(
                "endpoint-grace-short",
                stop.origin.as_ref(),
                format!(
                    "{} waits up to {} when it stops (`{}`), and {origin} gives it {}",
                    seen.module.module,
                    shown(stop.wait),
                    stop.option,
                    shown(*wait)
                ),
            );
            let line = orchestrator.line(stop.wait.saturating_add(MARGIN));
            fixed(finding, format!("`{line}` in {}", origin.file))
        })
        .collect()
}

fn shown(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{} s", duration.as_secs()),
        _ => format!("{} ms", duration.as_millis()),
    }
}
