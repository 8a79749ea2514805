//! Our reading of a configuration beside Elixir's.

use elixir_config::{Config, Setting};
use erlterm::Term;

/// What the gateway is after: these must be known where Elixir knows them.
const ROUTING_KEYS: [&str; 3] = ["url", "http", "server"];

/// How far we are from Elixir.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// Something is known, and wrong.
    Wrong,
    /// Elixir has a setting of which we say that nobody sets it.
    Missed,
    /// We have a setting that Elixir has not.
    Invented,
    /// Elixir aborts, and we say nothing.
    SilentAbort,
    /// We call broken what Elixir reads.
    OnlyWeAbort,
    /// Something is unknown without any finding, nor because of what it holds.
    SilentDoubt,
}

/// How many settings are what.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shares {
    pub(super) known: usize,
    pub(super) unknown: usize,
    pub(super) wrong: usize,
}

/// What a comparison found.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// Keys of applications, each with all below it.
    pub(super) settings: Shares,
    /// `url`, `http` and `server` of modules.
    pub(super) routing: Shares,
    /// What must not be, with a sentence about each.
    pub(super) faults: Vec<(Fault, String)>,
    /// Routing keys that we do not know.
    pub(super) unknown_routing_keys: Vec<String>,
    /// Elixir refuses it, and so do we, or at least say something.
    pub(super) is_aborted: bool,
}

/// Compares what we say with what Elixir computes, or with why it aborts.
pub(super) fn compare(ours: &Config, said: &Result<Term, String>) -> Outcome {
    let mut comparison = Comparison {
        ours,
        outcome: Outcome::default(),
        is_in_doubt: false,
    };
    match said {
        Ok(theirs) => comparison.all(theirs),
        Err(error) => comparison.aborted(error),
    }
    comparison.outcome
}

struct Comparison<'a> {
    ours: &'a Config,
    outcome: Outcome,
    /// Whether something is unknown for another reason than that no gateway could use it.
    is_in_doubt: bool,
}

/// What is said of one setting, its parts included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Known,
    Unknown,
    Wrong,
}

impl Comparison<'_> {
    /// Elixir refuses the files: at the least we have to say something.
    fn aborted(&mut self, error: &str) {
        self.outcome.is_aborted = true;
        if self.ours.broken().is_none() && self.ours.findings().is_empty() {
            self.fault(
                Fault::SilentAbort,
                format!("Elixir aborts ({error}), we say nothing"),
            );
        }
    }

    fn all(&mut self, theirs: &Term) {
        if let Some(broken) = self.ours.broken() {
            let (message, at) = (&broken.message, &broken.at);
            let only = format!(
                "only we find it broken: {message} ({}:{})",
                at.file, at.line
            );
            self.fault(Fault::OnlyWeAbort, only);
            return;
        }
        for (app, settings) in pairs(theirs) {
            for (key, value) in pairs(settings) {
                let verdict = self.setting(app, &[key], value);
                count(&mut self.outcome.settings, verdict);
                for (inner, value) in pairs(value) {
                    if ROUTING_KEYS.contains(&inner) {
                        self.routing_key(app, key, inner, value);
                    }
                }
            }
        }
        self.invented(theirs);
        if self.is_in_doubt && self.ours.findings().is_empty() {
            let doubt = "something is unknown, and no finding says so".to_owned();
            self.fault(Fault::SilentDoubt, doubt);
        }
    }

    fn setting(&mut self, app: &str, path: &[&str], theirs: &Term) -> Verdict {
        let place = || format!("{app} {}", path.join(" "));
        let own = match self.ours.get(app, path) {
            Setting::Known(ours, _) if sorted(&ours) == sorted(theirs) => Verdict::Known,
            Setting::Known(ours, at) => {
                let (file, line) = (at.file, at.line);
                let wrong = format!("{}: {theirs}, we say {ours} ({file}:{line})", place());
                self.fault(Fault::Wrong, wrong);
                return Verdict::Wrong;
            }
            Setting::Absent => {
                self.fault(
                    Fault::Missed,
                    format!("{}: {theirs}, we say nothing", place()),
                );
                return Verdict::Wrong;
            }
            Setting::Unknown { why, .. } => {
                // A regular expression, a function: the reason says it all.
                self.is_in_doubt |= !why.starts_with("it holds");
                Verdict::Unknown
            }
        };
        // Parts may be known of what is not, and must be known of what is.
        let mut parts = own;
        for (key, value) in pairs(theirs) {
            let part = self.setting(app, &[path, &[key]].concat(), value);
            if own == Verdict::Known && part == Verdict::Unknown {
                let wrong = format!("{}: known, but not its {key}", place());
                self.fault(Fault::Wrong, wrong);
                return Verdict::Wrong;
            }
            parts = parts.max(part);
        }
        parts
    }

    fn routing_key(&mut self, app: &str, key: &str, inner: &str, theirs: &Term) {
        let verdict = match self.ours.get(app, &[key, inner]) {
            Setting::Known(ours, _) if sorted(&ours) == sorted(theirs) => Verdict::Known,
            Setting::Known(..) | Setting::Absent => Verdict::Wrong,
            Setting::Unknown { why, at } => {
                let (file, line) = (at.file, at.line);
                let unknown =
                    format!("{app} {key} {inner}: {theirs}, unknown: {why} ({file}:{line})");
                self.outcome.unknown_routing_keys.push(unknown);
                Verdict::Unknown
            }
        };
        count(&mut self.outcome.routing, verdict);
    }

    fn invented(&mut self, theirs: &Term) {
        for app in self.ours.apps() {
            let theirs = find(theirs, app);
            for key in self.ours.keys(app) {
                let is_theirs = theirs.is_some_and(|settings| find(settings, key).is_some());
                if !is_theirs && let Setting::Known(ours, at) = self.ours.get(app, &[key]) {
                    let (file, line) = (at.file, at.line);
                    let only = format!("only we set {app} {key}: {ours} ({file}:{line})");
                    self.fault(Fault::Invented, only);
                }
            }
        }
    }

    fn fault(&mut self, fault: Fault, sentence: String) {
        self.outcome.faults.push((fault, sentence));
    }
}

fn count(shares: &mut Shares, verdict: Verdict) {
    match verdict {
        Verdict::Known => shares.known += 1,
        Verdict::Unknown => shares.unknown += 1,
        Verdict::Wrong => shares.wrong += 1,
    }
}

impl std::ops::AddAssign for Shares {
    fn add_assign(&mut self, other: Self) {
        self.known += other.known;
        self.unknown += other.unknown;
        self.wrong += other.wrong;
    }
}

impl std::fmt::Display for Shares {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = self.known + self.unknown + self.wrong;
        let percent = |count: usize| {
            let permille = (count * 1000).checked_div(all).unwrap_or_default();
            format!("{count} ({}.{} %)", permille / 10, permille % 10)
        };
        let (known, unknown, wrong) = (self.known, self.unknown, self.wrong);
        write!(
            f,
            "{} known, {} unknown, {} wrong",
            percent(known),
            percent(unknown),
            percent(wrong)
        )
    }
}

/// A map's pairs have no order.
fn sorted(term: &Term) -> Term {
    match term {
        Term::Map(pairs) => {
            let mut pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| (sorted(key), sorted(value)))
                .collect();
            pairs.sort_by_key(|(key, _)| key.to_string());
            Term::Map(pairs)
        }
        Term::List(items) => Term::List(items.iter().map(sorted).collect()),
        Term::Tuple(items) => Term::Tuple(items.iter().map(sorted).collect()),
        Term::Atom(_) | Term::Integer(_) | Term::Float(_) | Term::Binary(_) | Term::Opaque(_) => {
            term.clone()
        }
    }
}

/// The pairs of a keyword list, the first of equal keys, as look-ups see them; none of anything else.
fn pairs(term: &Term) -> Vec<(&str, &Term)> {
    let Term::List(items) = term else {
        return Vec::new();
    };
    let mut pairs: Vec<(&str, &Term)> = Vec::new();
    for item in items {
        if let Term::Tuple(parts) = item
            && let [Term::Atom(key), value] = parts.as_slice()
            && pairs.iter().all(|(known, _)| known != key)
        {
            pairs.push((key, value));
        }
    }
    pairs
}

fn find<'a>(term: &'a Term, key: &str) -> Option<&'a Term> {
    pairs(term)
        .into_iter()
        .find(|(found, _)| *found == key)
        .map(|(_, value)| value)
}
