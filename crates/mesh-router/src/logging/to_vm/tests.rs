//! What becomes of a log line.

use std::sync::{Arc, Mutex};

use discovery::{LogLevel, LogLine};
use tracing::{Event, Subscriber, debug, error, info, trace, warn};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt as _};

use super::{VALUE_BYTES_MAX, line};

/// Keeps the lines.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<LogLine>>>);

impl<S: Subscriber> Layer<S> for Kept {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        self.0.lock().unwrap().push(line(event));
    }
}

fn lines(log: impl FnOnce()) -> Vec<LogLine> {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::registry().with(kept.clone());
    tracing::subscriber::with_default(subscriber, log);
    let mut lines = kept.0.lock().unwrap();
    std::mem::take(&mut *lines)
}

#[test]
fn a_line_has_its_level_target_message_and_fields_as_text() {
    let error = std::io::Error::other("no room");
    let lines = lines(|| {
        warn!(target: "proxy", upstream = "127.0.0.1:4001", %error, tries = 3, ready = false, "upstream failing");
    });
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = LogLine {
        level: LogLevel::Warning,
        target: "proxy".to_owned(),
        message: "upstream failing".to_owned(),
        fields: vec![
            field("upstream", "127.0.0.1:4001"),
            field("error", "no room"),
            field("tries", "3"),
            field("ready", "false"),
        ],
    };
    assert_eq!(lines, [expected]);
}

#[test]
fn levels_are_those_of_elixir() {
    let lines = lines(|| {
        error!("1");
        warn!("2");
        info!("3");
        debug!("4");
        trace!("5");
    });
    let levels: Vec<LogLevel> = lines.into_iter().map(|line| line.level).collect();
    let debug = LogLevel::Debug;
    assert_eq!(
        levels,
        [
            LogLevel::Error,
            LogLevel::Warning,
            LogLevel::Info,
            debug,
            debug
        ]
    );
}

#[test]
fn long_values_are_cut_where_a_character_ends() {
    let long = "ü".repeat(VALUE_BYTES_MAX);
    let lines = lines(|| info!(long, "{long}"));
    let cut = format!("{}…", "ü".repeat(VALUE_BYTES_MAX / 2));
    assert_eq!(lines[0].message, cut);
    assert_eq!(lines[0].fields[0].1, cut);
}
