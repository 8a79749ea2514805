//! The codes of all findings, for whoever names one.

use super::nearest;

/// Every code in docs/findings.md, in the order of the alphabet; a test holds the two together.
const CODES: &[&str] = &[
    "address-elsewhere",
    "check-origin",
    "check-origin-conn",
    "check-origin-invalid",
    "check-origin-tenants",
    "config-missing",
    "config-provider",
    "config-too-large",
    "elixir-refuses",
    "endpoint-grace-short",
    "file-unreadable",
    "force-ssl-development",
    "force-ssl-host",
    "force-ssl-loop",
    "force-ssl-runtime",
    "grace-short",
    "host-elsewhere",
    "host-hsts",
    "host-invalid",
    "host-local",
    "host-placeholder",
    "host-twice",
    "host-unknown",
    "host-unresolved",
    "host-variable-shared",
    "https-only",
    "https-unused",
    "import-at-runtime",
    "import-missing",
    "import-repeated",
    "import-unknown",
    "init-override",
    "needs-env",
    "no-development-name",
    "no-endpoint",
    "no-host",
    "no-http",
    "no-upstream",
    "not-evaluated",
    "not-serving",
    "own-listener",
    "port-from-url",
    "port-twice",
    "port-unknown",
    "port-variable-shared",
    "raises",
    "release-app-unreadable",
    "release-apps",
    "release-archive",
    "release-env",
    "release-incomplete",
    "release-sys-config",
    "release-unreadable",
    "release-version",
    "releases-exs",
    "server-unknown",
    "server-unset",
    "session-clash",
    "session-domain",
    "session-domain-public",
    "session-per-host",
    "static-url-bypasses-gateway",
    "syntax-error",
    "too-many-endpoints",
    "too-many-files",
    "too-many-services",
    "unknown-default",
    "unknown-endpoint",
    "url-bypasses-gateway",
    "url-port-public",
    "url-without-port",
];

/// Finds the code that is meant; as an atom it may have `_` for `-`. `none` stands for none.
pub(super) fn find(text: &str) -> Result<Option<&'static str>, String> {
    if text == "none" {
        return Ok(None);
    }
    let dashed = text.replace('_', "-");
    if let Some(code) = CODES.iter().find(|code| **code == dashed) {
        return Ok(Some(code));
    }
    Err(match nearest(&dashed, CODES.iter().copied()) {
        Some(near) => format!("unknown code \"{text}\", did you mean \"{near}\"?"),
        None => format!("unknown code \"{text}\", docs/findings.md has them all"),
    })
}
