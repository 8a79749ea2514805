//! `[routes."host"]`: the routes that the operator wrote by hand.

use std::{collections::BTreeMap, path::Path};

use discovery::{StaticRoute, StaticTarget};
use routes::{Address, Host, Origin, Subdomains};

use super::{
    Folders, SUBDOMAINS, address,
    file::{Table, Word, Words},
    place::{Place, Problem},
    units,
};

/// Checks the tables; bad ones are noted and left out. `policy` is for those that say none.
pub(crate) fn routes(
    tables: &[Table],
    policy: Subdomains,
    folders: &Folders,
    problems: &mut Vec<Problem>,
) -> Vec<StaticRoute> {
    let mut seen: BTreeMap<Host, &Place> = BTreeMap::new();
    let mut routes = Vec::new();
    for table in tables {
        let place = &table.host.place;
        let host = match address::host(&table.host.text) {
            Ok(host) => host,
            Err(message) => {
                problems.push(Problem::new(place, message));
                continue;
            }
        };
        if let Some(first) = seen.get(&host) {
            let message = format!("duplicate host \"{host}\", it stands at {first} already");
            problems.push(Problem::new(place, message));
            continue;
        }
        seen.insert(host.clone(), place);
        let subdomains = subdomains(table, problems).unwrap_or(policy);
        if let Some(target) = target(table, folders.of(place), problems) {
            routes.push(StaticRoute {
                host,
                target,
                subdomains,
                origin: origin(place),
            });
        }
    }
    routes
}

fn target(table: &Table, folder: &Path, problems: &mut Vec<Problem>) -> Option<StaticTarget> {
    let message = match (table.words.get("endpoint"), table.words.get("upstreams")) {
        (Some(words), None) => {
            return module(words, problems).map(StaticTarget::Endpoint);
        }
        (None, Some(words)) => {
            return Some(StaticTarget::Upstreams(upstreams(words, folder, problems)));
        }
        (Some(_), Some(_)) => {
            "a route has either \"endpoint\" or \"upstreams\", not both".to_owned()
        }
        (None, None) => leads_nowhere(&table.host),
    };
    problems.push(Problem::new(&table.host.place, message));
    None
}

fn leads_nowhere(host: &Word) -> String {
    let lines = match host.place {
        Place::Project(_) => "endpoint: MyWeb.Endpoint or upstreams: [\"127.0.0.1:4001\"]",
        Place::Flag(_) | Place::Variable(_) | Place::File { .. } | Place::Default => {
            "endpoint = \"MyWeb.Endpoint\" or upstreams = [\"127.0.0.1:4001\"]"
        }
    };
    let host = &host.text;
    format!("the route of \"{host}\" leads nowhere, add {lines}")
}

fn module(words: &Words, problems: &mut Vec<Problem>) -> Option<String> {
    let [word] = words.list.as_slice() else {
        problems.push(Problem::new(&words.place, "\"endpoint\" is one module"));
        return None;
    };
    // An atom's full name starts with this, people write what they see in the code.
    let module = word.text.strip_prefix("Elixir.").unwrap_or(&word.text);
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    if module.split('.').all(is_part) {
        return Some(module.to_owned());
    }
    let message = format!(
        "\"{}\" is not a module, such as \"AuthWeb.Endpoint\"",
        word.text
    );
    problems.push(Problem::new(&word.place, message));
    None
}

fn upstreams(words: &Words, folder: &Path, problems: &mut Vec<Problem>) -> Vec<Address> {
    if words.list.is_empty() {
        problems.push(Problem::new(&words.place, "\"upstreams\" is empty"));
    }
    let mut upstreams = Vec::new();
    for word in &words.list {
        match address::upstream(&word.text, folder) {
            Ok(address) if upstreams.contains(&address) => {
                let message = format!("\"{}\" is listed twice", word.text);
                problems.push(Problem::new(&word.place, message));
            }
            Ok(address) => upstreams.push(address),
            Err(message) => problems.push(Problem::new(&word.place, message)),
        }
    }
    upstreams
}

fn subdomains(table: &Table, problems: &mut Vec<Problem>) -> Option<Subdomains> {
    let words = table.words.get("subdomains")?;
    let [word] = words.list.as_slice() else {
        problems.push(Problem::new(
            &words.place,
            "\"subdomains\" has one value only",
        ));
        return None;
    };
    match units::word(&word.text, SUBDOMAINS) {
        Ok(policy) => Some(policy),
        Err(message) => {
            problems.push(Problem::new(&word.place, message));
            None
        }
    }
}

fn origin(place: &Place) -> Origin {
    match place {
        Place::File { file, line, .. } => Origin {
            file: file.clone(),
            line: *line,
        },
        Place::Project(origin) => origin.clone(),
        Place::Flag(_) | Place::Variable(_) | Place::Default => Origin {
            file: place.to_string(),
            line: 0,
        },
    }
}
