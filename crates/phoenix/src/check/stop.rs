//! Waits at the end, against the patience of whoever asks for it.

use std::time::Duration;

use routes::{Finding, Origin, Severity};

use super::{Circumstances, Seen, fixed};

/// The gateway's own drain.
pub(super) fn gateway(circumstances: &Circumstances<'_>) -> Option<Finding> {
    let (grace, origin) = circumstances.grace.as_ref()?;
    let drain = circumstances.drain;
    (drain > *grace).then(|| Finding {
        code: "grace-short",
        severity: Severity::Warning,
        origin: Some(origin.clone()),
        message: format!(
            "{} after it asks to stop, whoever runs the gateway kills it, and the gateway waits up \
             to {} for what is under way: the rest is cut off",
            shown(*grace),
            shown(drain)
        ),
        fix: format!(
            "give it {} in {}, or write `drain = \"{}s\"` under [timeouts] in mesh-router.toml",
            shown(drain),
            file(origin),
            // A second less, so that it ends by itself.
            grace.as_secs().saturating_sub(1)
        ),
    })
}

/// What the endpoint's own waits come to.
pub(super) fn of_endpoint(seen: &Seen<'_>) -> Vec<Finding> {
    let Some((grace, origin)) = &seen.circumstances.grace else {
        return Vec::new();
    };
    let longer = seen.facts.stops.iter().filter(|stop| stop.wait > *grace);
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
                    shown(*grace)
                ),
            );
            fixed(
                finding,
                format!("give it {} in {}", shown(stop.wait), file(origin)),
            )
        })
        .collect()
}

fn file(origin: &Origin) -> &str {
    &origin.file
}

fn shown(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => format!("{} s", duration.as_secs()),
        _ => format!("{} ms", duration.as_millis()),
    }
}
