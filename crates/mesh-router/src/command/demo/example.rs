//! The example umbrella, carried in the binary.

use std::{fs, path::Path};

use anyhow::Context as _;
use tempfile::TempDir;

/// Names a file of `examples/umbrella` with its text.
macro_rules! files {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../../examples/umbrella/", $path)))),*]
    };
}

/// What the gateway reads of an umbrella.
const FILES: &[(&str, &str)] = files![
    "mix.exs",
    "config/config.exs",
    "config/dev.exs",
    "config/test.exs",
    "config/prod.exs",
    "config/runtime.exs",
    "apps/auth_web/mix.exs",
    "apps/auth_web/lib/auth_web/endpoint.ex",
    "apps/billing_web/mix.exs",
    "apps/billing_web/lib/billing_web/endpoint.ex",
];

/// The umbrella in a folder of its own, which goes with this value.
#[derive(Debug)]
pub(crate) struct Example {
    folder: TempDir,
}

impl Example {
    /// Writes the files out: discovery reads them as it reads any umbrella's.
    pub(crate) fn unpack() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("mesh-router-demo-")
            .tempdir();
        let folder = folder.context("making a folder for the example")?;
        for (path, text) in FILES {
            write(&folder.path().join(path), text)
                .with_context(|| format!("writing {path} of the example"))?;
        }
        Ok(Self { folder })
    }

    /// The umbrella's root.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}
