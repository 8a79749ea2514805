use std::{collections::BTreeMap, sync::Arc};

use super::{BYTES_MAX, Memory};
use crate::{Files, Script, evaluate, mix_project, uses};

const MIX: &str = "defmodule M do\n def project, do: [app: :a, apps_path: \"apps\"]\nend";
const ENDPOINT: &str = "defmodule E do\n use Phoenix.Endpoint, otp_app: :a\nend";

/// One script, and perhaps a memory.
struct One<'a>(&'a str, Option<Memory>);

impl Files for One<'_> {
    fn read(&self, path: &str) -> Result<Option<String>, String> {
        Ok((path == "config/config.exs").then(|| self.0.to_owned()))
    }

    fn glob(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn exists(&self, _: &str) -> bool {
        false
    }

    fn memory(&self) -> Option<&Memory> {
        self.1.as_ref()
    }
}

fn evaluated(files: &One<'_>) -> String {
    let script = Script {
        env: "dev",
        config_path: "config/config.exs",
        vars: &BTreeMap::new(),
        root: "/project",
    };
    format!("{:?}", evaluate(files, &script))
}

#[test]
fn what_is_remembered_is_what_is_read() {
    for text in [
        "import Config\nconfig :a, b: 1",
        "config :a,",
        "import Config\nfoo()",
    ] {
        let files = One(text, Some(Memory::default()));
        let expected = evaluated(&One(text, None));
        assert_eq!(evaluated(&files), expected);
        assert_eq!(evaluated(&files), expected);
    }
    let memory = Memory::default();
    for _ in 0..2 {
        assert_eq!(memory.mix_project(MIX), mix_project(MIX));
        assert_eq!(memory.mix_project("defmodule"), mix_project("defmodule"));
        for used in ["Phoenix.Endpoint", "Phoenix.Router"] {
            assert_eq!(memory.uses(ENDPOINT, used), uses(ENDPOINT, used));
        }
    }
}

#[test]
fn a_text_is_parsed_once_until_a_reading_does_without_it() {
    let memory = Memory::default();
    let (mix, endpoint) = (memory.code(MIX), memory.code(ENDPOINT));
    memory.begin();
    assert!(Arc::ptr_eq(&mix, &memory.code(MIX)));
    memory.begin();
    assert!(Arc::ptr_eq(&mix, &memory.code(MIX)));
    assert!(!Arc::ptr_eq(&endpoint, &memory.code(ENDPOINT)));
}

#[test]
fn there_is_a_bound_on_what_is_remembered() {
    let memory = Memory::default();
    // What is too large to be parsed counts as well.
    let large = "# comment\n".repeat(BYTES_MAX / 10);
    let kept = memory.code(&large);
    assert!(Arc::ptr_eq(&kept, &memory.code(&large)));
    let mix = memory.code(MIX);
    assert!(!Arc::ptr_eq(&mix, &memory.code(MIX)));
}

#[test]
fn a_module_that_a_script_requires_is_read_as_both() {
    let memory = Memory::default();
    let (script, code) = (memory.script(ENDPOINT), memory.code(ENDPOINT));
    assert!(!Arc::ptr_eq(&script, &code));
    assert!(Arc::ptr_eq(&script, &memory.script(ENDPOINT)));
    assert!(Arc::ptr_eq(&code, &memory.code(ENDPOINT)));
}
