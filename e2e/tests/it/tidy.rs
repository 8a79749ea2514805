//! Style that a machine can hold: edges between crates, crate docs, file length, words.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

/// Each crate in `crates/`, in reading order, with the crates of ours that it may use. ARCHITECTURE.md
/// draws the same edges the other way round.
const EDGES: &[(&str, &[&str])] = &[
    ("routes", &[]),
    ("tenant-resolver", &[]),
    ("erlterm", &[]),
    ("erldist", &["erlterm"]),
    ("elixir-config", &["erlterm"]),
    ("phoenix", &["erlterm", "routes"]),
    (
        "discovery",
        &["elixir-config", "erldist", "erlterm", "phoenix", "routes"],
    ),
    ("http1", &[]),
    ("exchange", &["http1", "routes"]),
    ("proxy", &["exchange", "routes"]),
    (
        "admin",
        &["discovery", "proxy", "routes", "tenant-resolver"],
    ),
    (
        "mesh-router",
        &[
            "admin",
            "discovery",
            "phoenix",
            "proxy",
            "routes",
            "tenant-resolver",
        ],
    ),
];

/// Crates of ours that a crate's tests may use besides: what the doctor says is tried on real
/// configuration.
const TEST_EDGES: &[(&str, &[&str])] = &[("phoenix", &["elixir-config"])];

/// The pure crates with the outside crates that they may use: none of these does I/O or asks for the
/// time.
const PURE: &[(&str, &[&str])] = &[
    ("routes", &["ipnet", "strsim", "thiserror"]),
    ("tenant-resolver", &[]),
    ("erlterm", &[]),
    (
        "elixir-config",
        &["globset", "thiserror", "tree-sitter", "tree-sitter-elixir"],
    ),
    ("phoenix", &[]),
    ("http1", &["memchr", "thiserror"]),
    ("exchange", &["data-encoding", "fastrand", "memchr", "sha1"]),
];

/// What the tests of a pure crate may use besides.
const PURE_TESTS: &[&str] = &["expect-test", "fastrand", "proptest"];

/// The crates that say findings.
const FINDERS: &[&str] = &["routes", "elixir-config", "phoenix", "discovery"];

/// Words that say nothing, or that mean something else here: see ARCHITECTURE.md.
const EMPTY_WORDS: &[&str] = &[
    "backend", "base", "cluster", "common", "core", "data", "handler", "helper", "helpers", "impl",
    "info", "manager", "util", "utils",
];

/// Lines in a source file, at most.
const FILE_LINES_MAX: usize = 800;

/// Lines in a crate's doc, at most.
const CRATE_DOC_LINES_MAX: usize = 40;

#[test]
fn edges_between_crates_are_the_drawn_ones() {
    let listed: BTreeSet<String> = EDGES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folders: BTreeSet<String> = folders_in("crates").into_iter().collect();
    assert_eq!(folders, listed, "every folder of crates/ is in EDGES");
    for (name, allowed) in EDGES {
        let in_tests = TEST_EDGES
            .iter()
            .filter(|(of, _)| of == name)
            .flat_map(|(_, used)| *used);
        let in_tests: BTreeSet<&str> = in_tests.copied().collect();
        let used: BTreeSet<String> = dependencies(name)
            .into_iter()
            .filter(|(it, for_tests)| !(*for_tests && in_tests.contains(&**it)))
            .map(|(it, _)| it)
            .filter(|it| listed.contains(it))
            .collect();
        let allowed: BTreeSet<String> = allowed.iter().map(|it| (*it).to_owned()).collect();
        let more: Vec<_> = used.difference(&allowed).collect();
        assert!(more.is_empty(), "{name} may not depend on {more:?}");
        let unused: Vec<_> = allowed.difference(&used).collect();
        assert!(
            unused.is_empty(),
            "EDGES lets {name} use {unused:?}: remove what is not used"
        );
    }
}

#[test]
fn pure_crates_use_pure_crates_alone() {
    let ours: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    for (name, allowed) in PURE {
        for (used, for_tests) in dependencies(name) {
            let fine = ours.contains(&*used)
                || allowed.contains(&&*used)
                || for_tests && PURE_TESTS.contains(&&*used);
            assert!(fine, "{name} is pure and may not depend on {used}");
        }
    }
}

#[test]
fn crate_docs_say_what_the_crate_is_not() {
    for krate in EDGES
        .iter()
        .map(|(name, _)| format!("crates/{name}"))
        .chain(["e2e".to_owned(), "bench".to_owned(), "xtask".to_owned()])
    {
        let lib = root().join(&krate).join("src/lib.rs");
        let file = if lib.exists() {
            lib
        } else {
            root().join(&krate).join("src/main.rs")
        };
        let text = fs::read_to_string(&file).unwrap();
        let doc: Vec<&str> = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        assert!(
            doc.len() <= CRATE_DOC_LINES_MAX,
            "{krate}: the crate's doc has {} lines",
            doc.len()
        );
        let doc = doc.join(" ").replace("//! ", "");
        let says = ["is not", "are not", "It never", "it never"]
            .iter()
            .any(|it| doc.contains(it));
        assert!(
            says,
            "{krate}: the crate's doc does not say what the crate is not"
        );
    }
}

#[test]
fn source_files_fit_a_head() {
    for file in sources() {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(
            lines <= FILE_LINES_MAX,
            "{} has {lines} lines",
            relative(&file)
        );
    }
}

#[test]
fn names_say_something() {
    for file in sources() {
        let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let names = text.lines().enumerate().filter_map(|(index, line)| {
            defined_name(line).map(|name| (name.to_owned(), index + 1))
        });
        for (name, line) in names.chain([(stem, 0)]) {
            let empty = words(&name)
                .into_iter()
                .find(|word| EMPTY_WORDS.contains(&&**word));
            if let Some(word) = empty {
                panic!(
                    "{}:{line}: {name}: {word:?} says nothing here",
                    relative(&file)
                );
            }
        }
    }
}

#[test]
fn work_left_over_names_its_issue() {
    // Written in two pieces, so that this file passes its own test.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
    ];
    for file in sources() {
        let text = fs::read_to_string(&file).unwrap();
        for (index, line) in text.lines().enumerate() {
            for mark in marks {
                let at = line.find(mark);
                let bare = at.is_some_and(|at| !line[at + mark.len()..].starts_with("(#"));
                assert!(
                    !bare,
                    "{}:{}: {mark} without an issue",
                    relative(&file),
                    index + 1
                );
            }
        }
    }
}

#[test]
fn every_finding_is_in_the_docs() {
    let mut codes = BTreeSet::new();
    for krate in FINDERS {
        let mut files = Vec::new();
        collect(&root().join("crates").join(krate).join("src"), &mut files);
        for file in files.iter().filter(|file| !is_test(file)) {
            let text = fs::read_to_string(file).unwrap();
            if text.contains("Finding") {
                codes.extend(kebab_literals(&text));
            }
        }
    }
    let docs = fs::read_to_string(root().join("docs/findings.md")).unwrap();
    let rows = docs.lines().filter(|line| line.starts_with("| `"));
    let documented: BTreeSet<String> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split('`'))
        // A code of a single word is no kebab that could be told from others.
        .filter(|word| word.contains('-'))
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = codes.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/findings.md lacks {missing:?}");
    let gone: Vec<_> = documented.difference(&codes).collect();
    assert!(
        gone.is_empty(),
        "docs/findings.md has {gone:?}, which nothing says"
    );
}

#[test]
fn the_doctor_can_ignore_every_code_and_no_other() {
    let source = root().join("crates/mesh-router/src/config/code.rs");
    let source = fs::read_to_string(source).unwrap();
    let (_, list) = source.split_once("const CODES").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    let codes: Vec<&str> = list.split('"').skip(1).step_by(2).collect();
    assert!(codes.is_sorted(), "in the order of the alphabet");
    let docs = fs::read_to_string(root().join("docs/findings.md")).unwrap();
    let rows = docs.lines().filter(|line| line.starts_with("| `"));
    let documented: BTreeSet<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2))
        .collect();
    assert_eq!(BTreeSet::from_iter(codes), documented);
}

/// Returns whether a file holds tests alone.
fn is_test(file: &Path) -> bool {
    let path = relative(file);
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("/fixture.rs")
}

/// String literals that are several lower-case words with hyphens between them, as codes are.
fn kebab_literals(text: &str) -> BTreeSet<String> {
    let is_kebab = |it: &&str| {
        let words: Vec<&str> = it.split('-').collect();
        let is_word =
            |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        words.len() > 1 && words.iter().all(is_word)
    };
    text.split('"')
        .filter(is_kebab)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_limit_and_timeout_is_in_the_docs_with_its_default() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mesh-router.toml");
    fs::write(&file, "[discovery]\nsources = []\n").unwrap();
    let launch = e2e::Launch::new(["validate", "--json", "--config"]).arg(&file);
    let answer = launch.within(folder.path()).end().json();
    let docs = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    for table in ["limits", "timeouts"] {
        let documented = documented_defaults(&docs, table);
        assert_eq!(
            settings(&answer, table),
            documented,
            "[{table}] in docs/configuration.md"
        );
    }
}

/// The settings of one table as `validate --json` shows them: name → value.
fn settings(answer: &serde_json::Value, table: &str) -> BTreeMap<String, String> {
    let settings = answer["settings"]
        .as_array()
        .expect("validate --json shows the settings");
    let named = settings.iter().filter_map(|setting| {
        let name = setting["key"]
            .as_str()?
            .strip_prefix(table)?
            .strip_prefix('.')?;
        let value = &setting["value"];
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), ToOwned::to_owned);
        Some((name.to_owned(), text))
    });
    named.collect()
}

/// The rows of the table under the heading: name → default.
fn documented_defaults(docs: &str, table: &str) -> BTreeMap<String, String> {
    let heading = format!("## `[{table}]`");
    let section = docs.split_once(&heading).expect("the section's heading").1;
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| {
        let cells: Vec<&str> = row
            .split('|')
            .map(|cell| cell.trim().trim_matches('`'))
            .collect();
        (cells[1].to_owned(), cells[2].trim_matches('"').to_owned())
    });
    cells.collect()
}

/// All dependencies of a crate, with whether only its tests use them.
fn dependencies(name: &str) -> BTreeMap<String, bool> {
    let file = root().join("crates").join(name).join("Cargo.toml");
    let manifest: Table = fs::read_to_string(&file).unwrap().parse().unwrap();
    let mut found = BTreeMap::new();
    let targets = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flatten();
    let tables = targets
        .filter_map(|(_, target)| target.as_table())
        .chain([&manifest]);
    for table in tables {
        for (section, for_tests) in [
            ("dev-dependencies", true),
            ("dependencies", false),
            ("build-dependencies", false),
        ] {
            let names = table
                .get(section)
                .and_then(Value::as_table)
                .into_iter()
                .flatten();
            for (name, entry) in names {
                let renamed = entry.get("package").and_then(Value::as_str);
                let name = renamed.unwrap_or(name).to_owned();
                found
                    .entry(name)
                    .and_modify(|only| *only &= for_tests)
                    .or_insert(for_tests);
            }
        }
    }
    found
}

/// The name that a line defines: a type, a trait, a module or a function.
fn defined_name(line: &str) -> Option<&str> {
    let mut line = line.trim_start();
    for word in ["pub(crate) ", "pub(super) ", "pub ", "async ", "const "] {
        line = line.strip_prefix(word).unwrap_or(line);
    }
    let kinds = ["struct ", "enum ", "trait ", "type ", "mod ", "fn "];
    let name = kinds.iter().find_map(|kind| line.strip_prefix(kind))?;
    let end = name
        .find(|it: char| !it.is_alphanumeric() && it != '_')
        .unwrap_or(name.len());
    // Tests are sentences, which may need any word; `on_client_data` is an event of bytes.
    let sentence = name[..end].split('_').count() > 2;
    (!sentence).then_some(&name[..end])
}

/// Splits `PoolManager` and `pool_manager` alike into lower-case words.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter == '-' || letter.is_uppercase() {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut().unwrap().extend(letter.to_lowercase());
        }
    }
    words
}

/// All Rust files of ours.
fn sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["crates", "e2e", "bench", "fuzz", "xtask"] {
        let path = root().join(folder);
        if path.exists() {
            collect(&path, &mut found);
        }
    }
    assert!(found.len() > EDGES.len(), "the sources were not found");
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap_or_default();
            if name != "target" && name != "node_modules" && name != "testdata" {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

fn folders_in(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder))
        .unwrap()
        .map(Result::unwrap);
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn relative(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().display().to_string()
}
