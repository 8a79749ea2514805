use std::{collections::BTreeMap, process::Command};

use super::{Variables, run};

fn given() -> BTreeMap<String, String> {
    let pairs = [("HOME", "/root"), ("PORT", "4000"), ("EMPTY", "")];
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    BTreeMap::from(owned)
}

/// Runs a text; `name=value`, `name?` for what isn't known, `*` where nothing is.
fn said(text: &str) -> String {
    let mut variables = Variables::new(&given());
    let doubted = run("env.sh", text, &mut variables);
    assert_eq!(doubted.is_some(), variables.why_doubted().is_some());
    if variables.why_doubted().is_some() {
        return "*".to_owned();
    }
    let known = variables.all().iter();
    let known = known.filter(|(name, value)| given().get(*name) != Some(value));
    let known = known.map(|(name, value)| format!("{name}={value}"));
    let unknown = variables.unknown().keys().map(|name| format!("{name}?"));
    known.chain(unknown).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(said(text), expected, "{text}");
}

#[test]
fn literal_words_are_assigned() {
    check("export A=1", "A=1");
    check("  export A=1 B='two words' # why", "A=1 B=two words");
    check("A=1", "");
    check("A=1\nexport A", "A=1");
    check("PORT=4001", "PORT=4001");
    check("RELEASE_NODE=shop@10.0.0.1;", "RELEASE_NODE=shop@10.0.0.1");
    check("export A=\"a\\\"b\\$\\n\"'c\\d'e\\ f", "A=a\"b$\\nc\\de f");
    check("export A=\\\n1", "A=1");
    check("#!/bin/sh\n# export A=1\n\n", "");
    check("export A=b#c", "A=b#c");
    check("export A", "");
    check("export A=\"x\ny\"", "*");
}

#[test]
fn parameters_are_put_in() {
    check("export A=$PORT", "A=4000");
    check("export A=\"x-${PORT}-y\"", "A=x-4000-y");
    check("export A=${NONE}", "A=");
    check("export A=${NONE:-b}", "A=b");
    check("export A=${EMPTY:-b}", "A=b");
    check("export A=${EMPTY-b}", "A=");
    check("export A=${PORT:-b}", "A=4000");
    check("export A=${NONE:-${EMPTY:-\"c d\"}}", "A?");
    check("export A=\"${NONE:-${PORT}}\"", "A=4000");
    check("B=1\nexport A=$B", "A=1");
    check("export A='$PORT'", "A=$PORT");
}

#[test]
fn what_a_shell_computes_is_unknown() {
    check("export A=$(hostname -f)", "A?");
    check("export A=\"$(echo \"x B=1 y\")\"", "*");
    check("A=\"$(echo \"x B=1 y\")\"", "A? B?");
    check("export A=`id`", "A?");
    check("export A=${B##*-}", "A?");
    check("export A=~/x", "A?");
    check("export A=$1", "A?");
    check("export A=$((1 + 1))", "A?");
    check("export A=1 && echo hi", "A?");
    check("A=1 some command", "A?");
    check(": \"${A:=1}\"", "A?");
    check("[ -z \"$A\" ] && export A=1", "A?");
    check("A=$(id)\nexport B=$A A", "A? B?");
    check("unset PORT", "PORT?");
    check("A=1\nexport A; B=2", "A? B?");
    check("true && export A", "A?");
}

#[test]
fn what_may_not_run_is_unknown() {
    check(
        "if [ -z \"$A\" ]; then\n  export A=1\nfi\nexport B=2",
        "B=2 A?",
    );
    check(
        "if true; then export A=1; else export A=2; fi\nexport B=2",
        "B=2 A?",
    );
    check(
        "case $RELEASE_COMMAND in\n  daemon*)\n    HEART=1\n    export HEART\n    ;;\n  *)\n    ;;\nesac\nexport B=2",
        "B=2 HEART?",
    );
    check(
        "for i in 1 2; do\n  export A=$i\ndone\nexport B=2",
        "B=2 A?",
    );
    check("cat x | while read l; do\n export A=1\ndone", "*");
    check("echo if\nexport A=1", "A=1");
    check("export A=1\nreturn\nexport A=2", "A=1");
}

#[test]
fn after_what_may_assign_anything_nothing_is_known() {
    for text in [
        ". /etc/default/shop",
        "source x",
        "[ -f x ] && . x",
        "eval \"$X\"",
        "set -a",
        "set -o allexport",
        "export $(cat .env)",
        "true && export \"$A\"",
        "export A=$(echo 1) \"$B\"",
        "f() { A=1; }",
        "f() {\n  A=1\n}\nexport A=2\nf",
        "function f {\n}",
        "cat <<END\nexport A=1\nEND",
        "(\nexport A=1\n)",
        "X=$(echo\nexport A=1\n)",
        "X=`echo\nexport A=1`",
        "[ -n \"$X\" ] || return\nexport A=1",
        "if x; then\n  return 0\nfi\nexport A=1",
        "echo 'x",
    ] {
        check(text, "*");
    }
    check(
        "set -eu\nset -o pipefail\necho $A | tr a b > /dev/null\nulimit -n 65536",
        "",
    );
}

/// What is said to be known is what `sh` has.
#[test]
fn a_shell_agrees() {
    for text in [
        "export A=1 B='two words' # why",
        "A=1\nexport A; PORT=4001\n",
        "export A=\"a\\\"b\\$\\n\"'c\\d'e\\ f",
        "export A=\"x-${PORT}-y\" B=${NONE} C=${NONE:-b} D=${EMPTY:-b} E=${EMPTY-b}",
        "B=1\nexport A=$B C='$PORT' D=\"${NONE:-${PORT}}\"",
        "export A=$(echo 1) B=2",
        "if true; then\n  export A=1\nfi\nexport B=2",
        "set -eu\nexport A=\\\n1",
        "export A=b#c\nunset PORT\nreturn\nexport A=2",
        "export A=\"${NONE:-a b}\" B=\"${HOME}/x\"",
        "export A=${NONE:-'q'} B=\"${NONE:-'q'}\"",
    ] {
        let mut variables = Variables::new(&given());
        run("env.sh", text, &mut variables);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("env.sh"), text).unwrap();
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", ". ./env.sh; env -0"])
            .current_dir(folder.path());
        let output = shell.env_clear().envs(given()).output().unwrap();
        let output = String::from_utf8(output.stdout).unwrap();
        let theirs: BTreeMap<&str, &str> = output
            .split('\0')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| !matches!(*name, "PWD" | "OLDPWD" | "_" | "SHLVL" | "PATH"))
            .collect();
        for (name, value) in variables.all() {
            assert_eq!(
                theirs.get(name.as_str()),
                Some(&value.as_str()),
                "{name} of {text}"
            );
        }
        for name in theirs.keys() {
            let is_ours =
                variables.all().contains_key(*name) || variables.unknown().contains_key(*name);
            assert!(is_ours, "{name} of {text}");
        }
    }
}
