//! Log lines as messages to the VM that started us.

use std::fmt;

use discovery::{LogLevel, LogLine, Outbox};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

#[cfg(test)]
mod tests;

/// Bytes of one value, at most; what is longer is cut.
const VALUE_BYTES_MAX: usize = 8 * 1024;

/// The field that every line has.
const MESSAGE: &str = "message";

/// Makes messages of log lines. Whoever logs never waits.
#[derive(Debug)]
pub(super) struct ToVm {
    outbox: Outbox,
}

impl ToVm {
    pub(super) fn new(outbox: Outbox) -> Self {
        Self { outbox }
    }
}

impl<S: Subscriber> Layer<S> for ToVm {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        self.outbox.log(line(event));
    }
}

fn line(event: &Event<'_>) -> LogLine {
    let metadata = event.metadata();
    let mut line = Line(LogLine {
        level: level(*metadata.level()),
        target: metadata.target().to_owned(),
        message: String::new(),
        fields: Vec::new(),
    });
    event.record(&mut line);
    line.0
}

fn level(level: Level) -> LogLevel {
    match level {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warning,
        Level::INFO => LogLevel::Info,
        // Elixir knows no finer one.
        _ => LogLevel::Debug,
    }
}

/// A line that its fields are written to.
struct Line(LogLine);

impl Line {
    fn put(&mut self, field: &Field, mut value: String) {
        if value.len() > VALUE_BYTES_MAX {
            value.truncate(value.floor_char_boundary(VALUE_BYTES_MAX));
            value.push('…');
        }
        match field.name() {
            MESSAGE => self.0.message = value,
            name => self.0.fields.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
