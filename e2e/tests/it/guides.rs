//! What the Hex package's guides say of others: configurations that those servers take, and the
//! gateway's own words. The package's suite holds the rest of them.

use std::fs;

use e2e::{
    server::{caddy_takes, nginx_takes},
    tool,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

/// Titles of troubleshooting.md, and where the gateway has them from.
const WORDS: &[(&str, &str)] = &[
    ("unknown service: ", "exchange/src/exchange.rs"),
    ("the service is not running", "exchange/src/error.rs"),
    ("the service can't be connected to", "exchange/src/error.rs"),
    ("the service ended the connection", "exchange/src/error.rs"),
    (
        "the service did not answer in time",
        "exchange/src/error.rs",
    ),
    (
        "the request has come through this gateway before",
        "exchange/src/error.rs",
    ),
    ("the request is malformed", "exchange/src/error.rs"),
    ("unknown variable", "mesh-router/src/config/layers.rs"),
    ("unknown key", "mesh-router/src/config/key.rs"),
    (" is taken", "proxy/src/listener.rs"),
];

#[test]
fn nginx_and_caddy_take_what_the_guide_has_for_them() {
    let folder = TempDir::new().unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["example.com".to_owned()]).unwrap();
    let pem = folder.path().join("example.com.pem");
    let key = folder.path().join("example.com.key");
    fs::write(&pem, cert.pem()).unwrap();
    fs::write(&key, signing_key.serialize_pem()).unwrap();
    let guide = guide("behind-a-balancer");
    let block = |language: &str| {
        let begin = format!("```{language}\n");
        let block = guide.split(&begin).nth(1).unwrap();
        let block = block.split("```").next().unwrap();
        block
            .replace("/etc/ssl/example.com.pem", pem.to_str().unwrap())
            .replace("/etc/ssl/example.com.key", key.to_str().unwrap())
    };
    nginx_takes(&block("nginx"));
    caddy_takes(&block("caddyfile"));
}

#[test]
fn troubles_are_titled_in_the_gateways_words() {
    let guide = guide("troubleshooting");
    let titles: Vec<&str> = guide
        .lines()
        .filter(|line| line.starts_with("## "))
        .collect();
    for (words, file) in WORDS {
        let source = tool::ours("../crates").join(file);
        let source = fs::read_to_string(source).unwrap();
        assert!(source.contains(words), "{file} no longer says {words:?}");
        let is_titled = titles.iter().any(|title| title.contains(words));
        assert!(is_titled, "troubleshooting.md has no title {words:?}");
    }
}

fn guide(name: &str) -> String {
    let file = tool::ours("../elixir/guides").join(format!("{name}.md"));
    fs::read_to_string(file).unwrap()
}
