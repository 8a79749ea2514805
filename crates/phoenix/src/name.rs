//! Names for hosts: those an endpoint has of its own, and those development gives it.

use std::collections::BTreeMap;

use routes::Host;

use crate::EndpointModule;

/// Hosts that mean "none": what `phx.new` writes until somebody chooses.
const PLACEHOLDERS: [&str; 2] = ["localhost", "example.com"];

/// Returns whether `host` tells endpoints apart: an address or a placeholder doesn't.
pub(crate) fn is_telling(host: &Host) -> bool {
    !host.is_ip() && !PLACEHOLDERS.contains(&host.as_str())
}

/// The development label of each endpoint, by index: what stands before the development domain.
///
/// It is the application's name without a trailing `_web` (kept where an application of the short
/// name has an endpoint too) and with `-` for `_`. Where an application has several endpoints, what
/// a module's name adds to the application's and to `Endpoint` follows after a `-`:
///
/// | application | modules | labels |
/// |---|---|---|
/// | `auth_web` | `AuthWeb.Endpoint` | `auth` |
/// | `auth_web` | `AuthWeb.Endpoint`, `AuthWeb.AdminEndpoint` | `auth`, `auth-admin` |
/// | `shop` | `ShopWeb.Endpoint`, `ShopApi.Endpoint` | `shop`, `shop-api` |
/// | `shop` | `Shop.Endpoint`, `ShopWeb.Endpoint` | `shop`, `shop-web` |
pub(crate) fn development_labels(modules: &[EndpointModule]) -> Vec<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for module in modules {
        let count = counts.entry(&module.otp_app).or_default();
        *count = count.saturating_add(1);
    }
    let label = |module: &EndpointModule, web: Web| {
        let app = module.otp_app.as_str();
        let short = match app.strip_suffix("_web") {
            Some(short) if !short.is_empty() && !counts.contains_key(short) => short,
            Some(_) | None => app,
        };
        let addition = match counts.get(app) {
            Some(2..) => addition(&module.module, app, web),
            Some(_) | None => String::new(),
        };
        match addition.as_str() {
            "" => dashed(short),
            addition => format!("{}-{addition}", dashed(short)),
        }
    };
    let labels: Vec<String> = modules.iter().map(|it| label(it, Web::Dropped)).collect();
    let mut owners = BTreeMap::<(&str, &str), usize>::new();
    for (module, label) in modules.iter().zip(&labels) {
        let owners = owners.entry((&module.otp_app, label)).or_default();
        *owners = owners.saturating_add(1);
    }
    let owners_of = |module: &EndpointModule, label: &str| {
        let owners = owners.get(&(module.otp_app.as_str(), label));
        owners.copied().unwrap_or_default()
    };
    let distinct =
        modules
            .iter()
            .zip(&labels)
            .map(|(module, dropped)| match owners_of(module, dropped) {
                2.. => label(module, Web::Kept),
                _ => dropped.clone(),
            });
    distinct.collect()
}

/// What becomes of the word `web` in a module's name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Web {
    Dropped,
    /// Where two endpoints of one application would have the same label without it.
    Kept,
}

/// What a module's name adds to its application's: `admin` for `AuthWeb.AdminEndpoint` of `:auth_web`.
fn addition(module: &str, app: &str, web: Web) -> String {
    let mut words: Vec<String> = module.split('.').flat_map(words).collect();
    words.retain(|word| word != "endpoint");
    let app: Vec<&str> = app.strip_suffix("_web").unwrap_or(app).split('_').collect();
    if words.len() >= app.len() && words.iter().zip(&app).all(|(word, part)| word == part) {
        words.drain(..app.len());
    }
    words.retain(|word| web == Web::Kept || word != "web");
    words.join("-")
}

/// The application that an endpoint's module belongs to, by its name, among `apps`: the longest
/// beginning of the module's name that is one, with or without `Web`. `ShopWeb.Admin.Endpoint` is of
/// `shop_web_admin`, `shop_web`, `shop_admin` or `shop`, whichever there is, in this order. Where there is none,
/// `None`.
pub fn app_of_module<'a>(module: &str, apps: &'a [String]) -> Option<&'a str> {
    let parts: Vec<Vec<String>> = module.split('.').map(words).collect();
    let spaces = parts.split_last().map(|(_, spaces)| spaces)?;
    // `:my_api` may be `:myapi` as well, so underscores don't count.
    let found = |wanted: &str| {
        let same = |app: &&String| app.bytes().filter(|it| *it != b'_').eq(wanted.bytes());
        apps.iter().find(same).map(String::as_str)
    };
    (1..=spaces.len()).rev().find_map(|taken| {
        let words: Vec<&str> = spaces
            .iter()
            .take(taken)
            .flatten()
            .map(String::as_str)
            .collect();
        let short: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| *word != "web")
            .collect();
        found(&words.concat()).or_else(|| found(&short.concat()))
    })
}

/// The application that an endpoint's module would belong to by its name alone: `:shop_web` for
/// `ShopWeb.Endpoint`.
pub fn conventional_app(module: &str) -> String {
    words(module.split('.').next().unwrap_or(module)).join("_")
}

/// Takes a CamelCase name apart: `AdminAPI` is `admin`, `api`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let letters: Vec<char> = name.chars().collect();
    for (index, letter) in letters.iter().enumerate() {
        let after_lower = index > 0 && !letters[index - 1].is_ascii_uppercase();
        let before_lower = letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        let starts = letter.is_ascii_uppercase() && (after_lower || before_lower);
        if starts || words.is_empty() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    words
}

/// An application's name as a DNS label.
fn dashed(app: &str) -> String {
    let dashed: String = app
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    dashed.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests;
