//! What must hold of any bytes, for each parser: a module for each target in `fuzz_targets/`.
//!
//! It is not a fuzzer: libFuzzer drives the targets, and `e2e/tests/it/fuzz.rs` replays their seeds.

pub mod chunked;
pub mod config_script;
pub mod dist_frames;
pub mod dist_handshake;
pub mod erlang_text;
pub mod etf;
pub mod frames;
pub mod host;
pub mod mix_project;
pub mod package;
pub mod preface;
pub mod request_head;
pub mod response_head;

mod dist;
mod head;

/// Checks bytes, and panics if something does not hold of them.
pub type Check = fn(&[u8]);

/// Every target, by name.
pub const TARGETS: &[(&str, Check)] = &[
    ("chunked", chunked::check),
    ("config_script", config_script::check),
    ("dist_frames", dist_frames::check),
    ("dist_handshake", dist_handshake::check),
    ("erlang_text", erlang_text::check),
    ("etf", etf::check),
    ("frames", frames::check),
    ("host", host::check),
    ("mix_project", mix_project::check),
    ("package", package::check),
    ("preface", preface::check),
    ("request_head", request_head::check),
    ("response_head", response_head::check),
];
