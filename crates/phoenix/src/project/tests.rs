//! Endpoints' settings in, hosts, addresses and findings out.

mod address;
mod facts;
mod host;
mod running;

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use erlterm::Term;
use expect_test::Expect;
use routes::{ClaimKind, Mode, Origin, Serving, Source, Subdomains};

use crate::{EndpointModule, Environment, Meaning, Project, Setting, read};

/// Stands where a value is not known.
const UNKNOWN: &str = "?";

/// One endpoint and its settings.
struct Given {
    module: EndpointModule,
    settings: Term,
    /// `config :phoenix, serve_endpoints: true`.
    serve_endpoints: bool,
}

/// An endpoint of `app`, defined in the first line of its file.
fn endpoint(app: &str, module: &str, settings: Vec<(&str, Term)>) -> Given {
    let file = format!("lib/{}.ex", module.replace('.', "/"));
    Given {
        module: EndpointModule {
            module: module.to_owned(),
            otp_app: app.to_owned(),
            origin: Some(Origin { file, line: 1 }),
            init: None,
            calls: None,
        },
        settings: keywords(settings),
        serve_endpoints: false,
    }
}

/// `AuthWeb.Endpoint` of `:auth_web`.
fn auth(settings: Vec<(&str, Term)>) -> Given {
    endpoint("auth_web", "AuthWeb.Endpoint", settings)
}

fn atom(name: &str) -> Term {
    Term::Atom(name.to_owned())
}

fn string(text: &str) -> Term {
    Term::Binary(text.as_bytes().to_vec())
}

fn charlist(text: &str) -> Term {
    Term::List(
        text.chars()
            .map(|c| Term::Integer(i64::from(u32::from(c))))
            .collect(),
    )
}

fn integer(number: i64) -> Term {
    Term::Integer(number)
}

fn tuple(parts: &[Term]) -> Term {
    Term::Tuple(parts.to_vec())
}

fn ip(numbers: &[i64]) -> Term {
    Term::Tuple(
        numbers
            .iter()
            .map(|number| Term::Integer(*number))
            .collect(),
    )
}

fn keywords(pairs: Vec<(&str, Term)>) -> Term {
    Term::List(
        pairs
            .into_iter()
            .map(|(key, value)| tuple(&[atom(key), value]))
            .collect(),
    )
}

/// `url: [host: …]`.
fn url_host(host: &str) -> (&'static str, Term) {
    ("url", keywords(vec![("host", string(host))]))
}

/// `http: [ip: {127, 0, 0, 1}, port: …]`.
fn http(port: i64) -> (&'static str, Term) {
    (
        "http",
        keywords(vec![("ip", ip(&[127, 0, 0, 1])), ("port", integer(port))]),
    )
}

fn on() -> (&'static str, Term) {
    ("server", atom("true"))
}

/// Pages of all hosts may open sockets, as `phx.new` has it in development.
fn open() -> (&'static str, Term) {
    ("check_origin", atom("false"))
}

struct Settings(Vec<Given>);

impl Environment for Settings {
    fn get(&self, app: &str, path: &[&str]) -> Setting {
        let origin = Origin {
            file: "config/dev.exs".to_owned(),
            line: 7,
        };
        if (app, path) == ("phoenix", &["serve_endpoints"]) {
            let is_on = self.0.iter().any(|given| given.serve_endpoints);
            let on = Setting::Known(atom("true"), origin);
            return if is_on { on } else { Setting::Absent };
        }
        let (module, keys) = path.split_first().unwrap();
        let is_asked = |given: &&Given| {
            given.module.otp_app == app && format!("Elixir.{}", given.module.module) == *module
        };
        let given = self.0.iter().find(is_asked).unwrap();
        let mut term = &given.settings;
        for key in keys {
            match value(term, key) {
                Some(value) => term = value,
                None if *term == atom(UNKNOWN) => {}
                None => return Setting::Absent,
            }
        }
        // A value with something unknown inside is unknown as a whole.
        if format!("{term:?}").contains(&format!("{:?}", atom(UNKNOWN))) {
            let why = "FOO is computed".to_owned();
            return Setting::Unknown { why, origin };
        }
        Setting::Known(term.clone(), origin)
    }
}

fn value<'a>(term: &'a Term, key: &str) -> Option<&'a Term> {
    let Term::List(items) = term else {
        return None;
    };
    items.iter().find_map(|item| match item {
        Term::Tuple(pair) => (pair[0] == atom(key)).then_some(&pair[1]),
        _ => None,
    })
}

fn development() -> Project<'static> {
    static VARS: BTreeMap<String, String> = BTreeMap::new();
    Project {
        source: Source::Config,
        root: Path::new("/project"),
        env: "dev",
        mode: Mode::Development,
        domain: "localhost",
        subdomains: Subdomains::One,
        vars: &VARS,
        is_release: false,
        private: None,
    }
}

fn production() -> Project<'static> {
    Project {
        env: "prod",
        mode: Mode::Production,
        ..development()
    }
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn check(project: Project<'_>, given: Vec<Given>, expected: Expect) {
    let modules: Vec<EndpointModule> = given.iter().map(|given| given.module.clone()).collect();
    expected.assert_eq(&table(&read(&project, &modules, &Settings(given))));
}

fn table(meaning: &Meaning) -> String {
    let mut out = String::new();
    for endpoint in &meaning.endpoints {
        let _ = writeln!(out, "{} ({:?})", endpoint.service, endpoint.adapter);
        for claim in &endpoint.claims {
            let kind = match claim.kind {
                ClaimKind::Development => "development",
                ClaimKind::Own => "own",
                ClaimKind::Static => "static",
            };
            let origin = claim.origin.as_ref().unwrap();
            let _ = writeln!(out, "  {} {kind} {origin}", claim.host);
        }
        for upstream in &endpoint.upstreams {
            let origin = upstream.origin.as_ref().unwrap();
            let _ = writeln!(out, "  -> {} {origin}", upstream.address);
        }
        if let Serving::No(why) = &endpoint.serving {
            let _ = writeln!(out, "  not listening: {why}");
        }
    }
    out + &findings(meaning)
}

fn findings(meaning: &Meaning) -> String {
    let mut out = String::new();
    for finding in &meaning.findings {
        let origin = finding.origin.as_ref().unwrap();
        let (code, severity) = (finding.code, finding.severity);
        let _ = writeln!(out, "{severity:?} {code} {origin}: {}", finding.message);
        let _ = writeln!(out, "  fix: {}", finding.fix);
    }
    out
}
