//! The files of a release, as far as they are read before anything is evaluated.

use std::{collections::BTreeMap, path::Path};

use elixir_config::Files as _;
use erlterm::Term;
use phoenix::{ReleaseFile, Startup};
use routes::{Finding, Origin, Severity};

use super::{START_FILE, node, start, variables::Variables, whole_file};
use crate::files::ProjectFiles;

/// What the files of one version of a release say.
#[derive(Debug)]
pub(super) struct Layout {
    /// Which applications belong.
    pub(super) file: Option<ReleaseFile>,
    /// The environment with which it starts.
    pub(super) variables: Variables,
    /// The settings of its `sys.config`.
    pub(super) settings: Term,
    /// Where they stand.
    pub(super) settings_path: String,
    /// What is evaluated over them.
    pub(super) startup: Startup,
    /// More files with settings, which are not read; as a noun.
    pub(super) includes: Vec<String>,
    /// The flags for `erl`.
    pub(super) vm_args: Option<String>,
}

impl Layout {
    /// Reads the version that starts; the finding says why there is none.
    pub(super) fn read(
        files: &ProjectFiles,
        root: &Path,
        vars: &BTreeMap<String, String>,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, Finding> {
        let vars = start::own(vars, root);
        let version = version(files, &vars, findings)?;
        let folder = format!("releases/{version}");
        if !files.exists(&folder) {
            return Err(incomplete(
                &folder,
                format!("the release's version is {version}, and there is no folder {folder}"),
            ));
        }
        let file = release_file(files, &folder, &vars, findings);
        let started = start::Start {
            root,
            folder: &folder,
            version: &version,
            name: file.as_ref().map(|file| file.name.as_str()),
        };
        let (variables, doubted) = started.variables(files, &vars);
        findings.extend(doubted);
        let settings_path = settings_path(files, root, &folder, &variables, findings);
        let (settings, mut includes) = settings(files, &settings_path)?;
        let vm_args = variables.known("RELEASE_VM_ARGS");
        let vm_args = vm_args.unwrap_or_else(|| format!("{folder}/vm.args"));
        let vm_args = files.read(&below(root, vm_args)).ok().flatten();
        if vm_args.as_deref().is_some_and(node::has_config) {
            includes.push("the -config of vm.args".to_owned());
        }
        Ok(Self {
            file,
            startup: Startup::read(&settings),
            variables,
            settings,
            settings_path,
            includes,
            vm_args,
        })
    }
}

/// Reads a file of terms; `None` if there is none.
pub(super) fn terms(files: &ProjectFiles, path: &str) -> Result<Option<Vec<Term>>, Finding> {
    let unreadable = |line: u32, why: &str| Finding {
        code: "release-unreadable",
        severity: Severity::Error,
        origin: Some(Origin {
            file: path.to_owned(),
            line,
        }),
        message: format!("{path} can't be read: {why}"),
        fix: "assemble the release again (`mix release`), or copy it whole".to_owned(),
    };
    let Some(bytes) = files.bytes(path).map_err(|why| unreadable(0, &why))? else {
        return Ok(None);
    };
    erlterm::parse_bytes(&bytes)
        .map(Some)
        .map_err(|error| unreadable(error.line, &error.message))
}

fn incomplete(path: &str, message: String) -> Finding {
    Finding {
        code: "release-incomplete",
        severity: Severity::Error,
        origin: Some(whole_file(path)),
        message,
        fix: "name the folder that `mix release` made, the one with bin/, lib/ and releases/, copied \
              whole (--release DIR)"
            .to_owned(),
    }
}

/// The version that starts: the one of `RELEASE_VSN`, else of `start_erl.data`.
fn version(
    files: &ProjectFiles,
    vars: &BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
) -> Result<String, Finding> {
    let text = files.read(START_FILE).ok().flatten();
    let installed = text
        .as_deref()
        // The version of Erlang's runtime stands in front.
        .and_then(|text| text.split_whitespace().nth(1))
        .map(str::to_owned);
    let asked = vars
        .get("RELEASE_VSN")
        .filter(|version| !version.is_empty());
    let version = match (asked, installed) {
        (Some(asked), Some(installed)) if *asked != installed => {
            findings.push(Finding {
                code: "release-version",
                severity: Severity::Info,
                origin: Some(whole_file(START_FILE)),
                message: format!(
                    "version {asked} is read, as RELEASE_VSN says; {START_FILE} says {installed}"
                ),
                fix: "unset RELEASE_VSN to follow what is installed".to_owned(),
            });
            asked.clone()
        }
        (Some(asked), _) => asked.clone(),
        (None, Some(installed)) => installed,
        (None, None) => {
            let message = format!("there is no {START_FILE} that names a version");
            return Err(incomplete(START_FILE, message));
        }
    };
    let is_name = !version.contains('/') && !version.starts_with('.');
    match is_name {
        true => Ok(version),
        false => Err(incomplete(
            START_FILE,
            "the release's version is no folder's name".to_owned(),
        )),
    }
}

/// `NAME.rel`: the one of `RELEASE_NAME`, else the one with the most applications.
fn release_file(
    files: &ProjectFiles,
    folder: &str,
    vars: &BTreeMap<String, String>,
    findings: &mut Vec<Finding>,
) -> Option<ReleaseFile> {
    let mut found = Vec::new();
    for path in files.glob(&format!("{folder}/*.rel")) {
        match terms(files, &path) {
            Ok(terms) => found.extend(ReleaseFile::read(&terms.unwrap_or_default())),
            Err(finding) => findings.push(Finding {
                severity: Severity::Warning,
                ..finding
            }),
        }
    }
    if found.is_empty() {
        findings.push(Finding {
            code: "release-apps",
            severity: Severity::Warning,
            origin: Some(whole_file(folder)),
            message: format!(
                "no *.rel in {folder} names the release's applications; all in lib/ are taken for its"
            ),
            fix: "assemble the release again (`mix release`), or copy it whole".to_owned(),
        });
    }
    let named = vars.get("RELEASE_NAME");
    found
        .into_iter()
        .max_by_key(|file| (named == Some(&file.name), file.apps.len()))
}

/// Where the settings stand: what `RELEASE_SYS_CONFIG` says, if it is there.
fn settings_path(
    files: &ProjectFiles,
    root: &Path,
    folder: &str,
    variables: &Variables,
    findings: &mut Vec<Finding>,
) -> String {
    let own = format!("{folder}/sys.config");
    let Some(asked) = variables.known("RELEASE_SYS_CONFIG") else {
        return own;
    };
    let path = below(root, format!("{asked}.config"));
    if path == own || files.exists(&path) {
        return path;
    }
    // What a release copies for one start is gone when it runs.
    if !asked.ends_with(".runtime") {
        findings.push(Finding {
            code: "release-sys-config",
            severity: Severity::Warning,
            origin: Some(whole_file(&own)),
            message: format!(
                "RELEASE_SYS_CONFIG says {path}, which is not there; {own} is read in its place"
            ),
            fix: "unset RELEASE_SYS_CONFIG, or put the file there".to_owned(),
        });
    }
    own
}

/// The settings of a `sys.config`, and the names of files that it includes.
fn settings(files: &ProjectFiles, path: &str) -> Result<(Term, Vec<String>), Finding> {
    let Some(terms) = terms(files, path)? else {
        let message = match files.exists(&format!("{path}.src")) {
            true => format!("there is only {path}.src, of which the release's start makes {path}"),
            false => format!("there is no {path}"),
        };
        return Err(incomplete(path, message));
    };
    match <[Term; 1]>::try_from(terms) {
        Ok([Term::List(entries)]) => {
            let (more, settings): (Vec<Term>, Vec<Term>) = entries
                .into_iter()
                .partition(|entry| entry.to_text().is_some());
            let names = more.iter().filter_map(Term::to_text);
            let names = names.map(|name| format!("the file {name} that {path} includes"));
            Ok((Term::List(settings), names.collect()))
        }
        Ok(_) | Err(_) => Err(incomplete(
            path,
            format!("{path} is no list of applications with their settings"),
        )),
    }
}

/// A path as findings show it: relative where it lies in the release.
fn below(root: &Path, path: String) -> String {
    match Path::new(&path).strip_prefix(root).map(Path::to_str) {
        Ok(Some(below)) => below.to_owned(),
        Ok(None) | Err(_) => path,
    }
}
