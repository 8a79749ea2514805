//! `cargo xtask strict`: the cases of bytes against our gateway, nginx and HAProxy, as a page of
//! Markdown for `docs/security.md`. It is not a test: what peers do is told, never judged by the exit
//! code; what ours does is held by the tests.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a tool for people at a terminal"
)]

use std::{collections::BTreeMap, fs, net::SocketAddr, path::PathBuf, thread, time::Duration};

use e2e::bytes::{Case, Pace, Recorder, Stage, Verdict, cases, ours, peers::Peer};

/// Between these lines of the page stands what this program writes.
const MARKS: [&str; 2] = ["<!-- strict: begin -->\n", "<!-- strict: end -->\n"];

/// How long a gateway may take for what is expected of it. Ours never needs it.
const PATIENCE: Duration = Duration::from_millis(1000);

/// What one gateway made of each case, in words where that was not as ours must.
type Results = Vec<(Verdict, String)>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut cases = cases::all();
    if let Some(wanted) = arguments.iter().find(|it| !it.starts_with('-')) {
        cases.retain(|case| case.name.contains(wanted.as_str()));
    }
    let pace = match arguments.iter().any(|it| it == "--dripped") {
        true => Pace::Dripped,
        false => Pace::Whole,
    };
    if arguments.iter().any(|it| it == "--ours") {
        return tell(&cases, &play(None, &cases, pace));
    }
    let threads = [None, Some(Peer::Nginx), Some(Peer::Haproxy)].map(|peer| {
        let cases = cases.clone();
        thread::spawn(move || play(peer, &cases, pace))
    });
    let results = threads.map(|thread| thread.join().unwrap());
    tell(&cases, &results[0]);
    let text = [table(&cases, &results), differences(&cases, &results)].concat();
    if arguments.iter().any(|it| it == "--write") {
        write(&text);
    } else {
        println!("{text}");
    }
}

/// Says what ours fails, which the tests do too.
fn tell(cases: &[Case], results: &Results) {
    for (case, (verdict, observed)) in cases.iter().zip(results) {
        if *verdict != Verdict::AsOurs {
            eprintln!("mesh-router fails {}: {verdict:?}: {observed}", case.name);
        }
    }
}

fn play(peer: Option<Peer>, cases: &[Case], pace: Pace) -> Results {
    let upstream = Recorder::start();
    match peer {
        None => {
            let gateway = ours::start(&upstream);
            play_at(gateway.address(), upstream, cases, pace)
        }
        Some(peer) => {
            let running = peer.start(upstream.address());
            play_at(running.address(), upstream, cases, pace)
        }
    }
}

fn play_at(gateway: SocketAddr, upstream: Recorder, cases: &[Case], pace: Pace) -> Results {
    let mut stage = Stage::new(gateway, upstream, PATIENCE);
    let played = cases.iter().map(|case| {
        let observed = stage.play(case, pace);
        (case.judge(&observed), observed.to_string())
    });
    played.collect()
}

/// How many cases of each class each gateway passes.
fn table(cases: &[Case], results: &[Results; 3]) -> String {
    let mut text = format!(
        "| class | cases | mesh-router | nginx {} | HAProxy {} |\n|---|---|---|---|---|\n",
        Peer::Nginx.version(),
        Peer::Haproxy.version()
    );
    let row = |name: &str, of_class: &dyn Fn(&Case) -> bool| {
        let count = cases.iter().filter(|case| of_class(case)).count();
        let passed = results.each_ref().map(|results| {
            let passed = cases.iter().zip(results).filter(|(case, (verdict, _))| {
                of_class(case) && !matches!(verdict, Verdict::Wrong(_))
            });
            passed.count()
        });
        let [ours, nginx, haproxy] = passed;
        format!("| {name} | {count} | {ours} | {nginx} | {haproxy} |\n")
    };
    for class in classes(cases) {
        text += &row(&class, &|case| case.class() == class);
    }
    text += &row("**all**", &|_| true);
    text
}

/// The cases that a peer fails, and how often it differs as the RFCs allow.
fn differences(cases: &[Case], results: &[Results; 3]) -> String {
    let mut text = String::new();
    for (peer, results) in [Peer::Nginx, Peer::Haproxy].iter().zip(&results[1..]) {
        let wrong: Vec<_> = cases
            .iter()
            .zip(results)
            .filter(|(_, (verdict, _))| matches!(verdict, Verdict::Wrong(_)))
            .collect();
        text += &format!("\n### What {peer} does otherwise\n\n");
        text += "| case | by | what came of it |\n|---|---|---|\n";
        for (case, (verdict, observed)) in wrong {
            let why = match verdict {
                Verdict::Wrong(why) => why.as_str(),
                Verdict::AsOurs | Verdict::RefusedOtherwise | Verdict::Allowed(_) => "",
            };
            // Most of what is wrong can be seen by what came of it.
            let told = match why.contains("instead of") || observed.contains(why) {
                true => observed.clone(),
                false => format!("{observed}: {why}"),
            };
            let told = told.replace('|', "\\|");
            text += &format!("| `{}` | {} | {told} |\n", case.name, case.basis);
        }
        text += &allowed(*peer, cases, results);
    }
    text
}

fn allowed(peer: Peer, cases: &[Case], results: &Results) -> String {
    let mut by_rule: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut otherwise = 0;
    for (case, (verdict, _)) in cases.iter().zip(results) {
        match verdict {
            Verdict::Allowed(rule) => by_rule.entry(rule).or_default().push(&case.name),
            Verdict::RefusedOtherwise => otherwise += 1,
            Verdict::AsOurs | Verdict::Wrong(_) => {}
        }
    }
    let mut text = format!(
        "\n{peer} refuses {otherwise} more with another status, or by closing. It accepts these, and may:\n\n"
    );
    for (rule, names) in by_rule {
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        text += &format!("- {rule}: {}\n", names.join(", "));
    }
    text
}

fn classes(cases: &[Case]) -> Vec<String> {
    let mut classes: Vec<String> = Vec::new();
    for case in cases {
        if !classes.iter().any(|it| it == case.class()) {
            classes.push(case.class().to_owned());
        }
    }
    classes
}

/// Puts the text between the marks of the page.
fn write(text: &str) {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let old = fs::read_to_string(&page).unwrap();
    let (before, rest) = old.split_once(MARKS[0]).expect("the page has the mark");
    let (_, after) = rest.split_once(MARKS[1]).expect("the page has the mark");
    let new = [before, MARKS[0], text, MARKS[1], after].concat();
    fs::write(&page, new).unwrap();
    println!("{} is written", page.display());
}
