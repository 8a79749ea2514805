//! Who wrote the settings of an endpoint, and what each write overrode.

use discovery::Reading;
use serde::Serialize;

#[cfg(test)]
mod tests;

/// The settings that a route depends on; of others an endpoint's settings may hold secrets.
const SHOWN: &[&str] = &[
    "url host",
    "url port",
    "http ip",
    "http port",
    "server",
    "adapter",
];

/// Writes that a line of text names besides the one in force.
const NAMED_MAX: usize = 3;

/// One setting, and what its last write overrode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct SettingView {
    /// Its path, `http port`.
    setting: &'static str,
    #[serde(flatten)]
    in_force: WriteView,
    /// The newest first.
    overrode: Vec<WriteView>,
}

/// One write of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct WriteView {
    /// As Elixir shows it.
    value: Option<String>,
    /// Why the value is not known.
    unknown: Option<String>,
    /// Where it was written, or where knowledge ended.
    provenance: String,
}

/// Says who wrote the settings of the endpoint that is this service; empty for a service by hand.
pub(super) fn of(service: &str, reading: &Reading) -> Vec<SettingView> {
    let facts = reading.facts.iter().filter(|it| it.module() == service);
    let written = facts.flat_map(|facts| facts.provenance());
    written
        .filter(|it| SHOWN.contains(&it.setting))
        .filter_map(|it| {
            let mut writes = it
                .steps
                .iter()
                .map(|step| WriteView::new(&step.value, step.origin.to_string()));
            Some(SettingView {
                setting: it.setting,
                in_force: writes.next()?,
                overrode: writes.collect(),
            })
        })
        .collect()
}

/// Says it in a line.
pub(super) fn line(setting: &SettingView) -> String {
    let SettingView {
        setting: name,
        in_force,
        overrode,
    } = setting;
    let mut line = format!("{name} is {}", in_force.text());
    if overrode.is_empty() {
        return line;
    }
    let named = overrode.iter().take(NAMED_MAX).map(WriteView::text);
    let named: Vec<String> = named.collect();
    line.push_str(", overrode ");
    line.push_str(&named.join(", "));
    let more = overrode.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        line.push_str(&format!(" and {more} more"));
    }
    line
}

impl WriteView {
    fn new(value: &Result<String, String>, provenance: String) -> Self {
        Self {
            value: value.as_ref().ok().cloned(),
            unknown: value.as_ref().err().cloned(),
            provenance,
        }
    }

    fn text(&self) -> String {
        let Self {
            value,
            unknown,
            provenance,
        } = self;
        match (value, unknown) {
            (Some(value), _) => format!("{value} ({provenance})"),
            (None, Some(why)) => format!("not known, {why} ({provenance})"),
            (None, None) => format!("not known ({provenance})"),
        }
    }
}
