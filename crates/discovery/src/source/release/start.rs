//! The variables with which a release starts, as its `bin/NAME` sets them.

use std::{collections::BTreeMap, path::Path};

use elixir_config::Files as _;
use routes::{Finding, Origin, Severity};

use super::{
    shell,
    variables::{Variable, Variables},
};
use crate::files::ProjectFiles;

/// What the names of a release's own variables begin with.
const PREFIX: &str = "RELEASE_";

/// One version of a release.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start<'a> {
    /// The release's folder, without links.
    pub(super) root: &'a Path,
    /// `releases/VERSION`.
    pub(super) folder: &'a str,
    pub(super) version: &'a str,
    pub(super) name: Option<&'a str>,
}

/// The variables of the gateway's process, without those that are about another release: the
/// gateway may run as a part of one.
pub(super) fn own(vars: &BTreeMap<String, String>, root: &Path) -> BTreeMap<String, String> {
    let is_other = vars.get("RELEASE_ROOT").is_some_and(|other| {
        let real = Path::new(other).canonicalize();
        real.map_or(true, |real| real != root)
    });
    let mut own = vars.clone();
    own.retain(|name, _| !(is_other && name.starts_with(PREFIX)));
    own
}

impl Start<'_> {
    /// Returns the variables, and a finding where `env.sh` does what isn't read.
    pub(super) fn variables(
        self,
        files: &ProjectFiles,
        vars: &BTreeMap<String, String>,
    ) -> (Variables, Option<Finding>) {
        let mut variables = Variables::new(vars);
        let path = format!("{}/env.sh", self.folder);
        // Only Mix makes one, and only its releases have these variables.
        let Ok(Some(text)) = files.read(&path) else {
            hide_cookie(&mut variables);
            return (variables, None);
        };
        self.before(&mut variables);
        let doubted = shell::run(&path, &text, &mut variables);
        self.after(&mut variables);
        self.settings_file(files, &mut variables);
        hide_cookie(&mut variables);
        let finding = doubted.map(|line| Finding {
            code: "release-env",
            severity: Severity::Warning,
            origin: Some(Origin { file: path, line }),
            message: "this may set any variable, so what depends on one is unknown".to_owned(),
            fix: "write `export NAME=value` lines in rel/env.sh.eex, or name the routes in \
                  mesh-router.toml"
                .to_owned(),
        });
        (variables, finding)
    }

    fn before(self, variables: &mut Variables) {
        variables.set("RELEASE_ROOT", &self.root.to_string_lossy());
        if let Some(name) = self.name {
            variables.or_set("RELEASE_NAME", name);
        }
        variables.set("RELEASE_VSN", self.version);
        for name in ["RELEASE_COMMAND", "RELEASE_PROG"] {
            hide_unset(variables, name);
        }
    }

    fn after(self, variables: &mut Variables) {
        let root = self.root.to_string_lossy();
        let folder = format!("{root}/{}", self.folder);
        variables.or_set("RELEASE_MODE", "embedded");
        if let Variable::Set(name) = variables.get("RELEASE_NAME") {
            variables.or_set("RELEASE_NODE", &name);
        }
        variables.or_set("RELEASE_TMP", &format!("{root}/tmp"));
        variables.or_set("RELEASE_VM_ARGS", &format!("{folder}/vm.args"));
        variables.or_set(
            "RELEASE_REMOTE_VM_ARGS",
            &format!("{folder}/remote.vm.args"),
        );
        variables.or_set("RELEASE_DISTRIBUTION", "sname");
        variables.or_set("RELEASE_BOOT_SCRIPT", "start");
        variables.or_set("RELEASE_BOOT_SCRIPT_CLEAN", "start_clean");
    }

    /// `RELEASE_SYS_CONFIG`: the file as it was assembled, or a copy that each start makes.
    fn settings_file(self, files: &ProjectFiles, variables: &mut Variables) {
        let asked = variables.known("RELEASE_SYS_CONFIG");
        let folder = format!("{}/{}", self.root.to_string_lossy(), self.folder);
        let own = asked.clone().unwrap_or_else(|| format!("{folder}/sys"));
        let bytes = files.bytes(&format!("{own}.config")).ok().flatten();
        let mark = b"RUNTIME_CONFIG=true";
        let is_copied = bytes.is_some_and(|bytes| bytes.windows(mark.len()).any(|it| it == mark));
        match is_copied && asked.is_none() {
            true => hide_unset(variables, "RELEASE_SYS_CONFIG"),
            false => variables.or_set("RELEASE_SYS_CONFIG", &own),
        }
    }
}

/// What each start sets by itself.
fn hide_unset(variables: &mut Variables, name: &str) {
    if variables.known(name).is_none() {
        let why = format!("{name} depends on how the release is started");
        variables.put(name, Variable::Unknown(why));
    }
}

/// The cookie is a secret that lets everyone in, so it is neither read nor kept.
fn hide_cookie(variables: &mut Variables) {
    let why = "the gateway doesn't look at RELEASE_COOKIE".to_owned();
    variables.put("RELEASE_COOKIE", Variable::Unknown(why));
}
