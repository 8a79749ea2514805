//! `mix.exs` and modules: any text ends in an answer.

use elixir_config::{mix_project, uses};

/// Checks these bytes.
pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(project) = mix_project(text) {
        assert!(project.app.is_none_or(|app| !app.is_empty()));
    }
    let lines = text.split('\n').count();
    for found in uses(text, "Phoenix.Endpoint") {
        assert!((1..=lines).contains(&(found.line as usize)));
    }
}
