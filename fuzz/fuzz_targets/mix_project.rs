//! `mix.exs` and modules: any text ends in an answer.

#![no_main]

use elixir_config::{mix_project, uses};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(project) = mix_project(text) {
        assert!(project.app.is_none_or(|app| !app.is_empty()));
    }
    let lines = text.split('\n').count();
    for found in uses(text, "Phoenix.Endpoint") {
        assert!((1..=lines).contains(&(found.line as usize)));
    }
});
