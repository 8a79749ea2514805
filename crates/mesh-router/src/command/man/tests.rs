use expect_test::expect;

use super::page;
use crate::config::Problems;

#[test]
#[allow(clippy::too_many_lines, reason = "the lines are of the page")]
fn a_page_of_a_command() {
    expect![[r#"
        .ie \n(.g .ds Aq \(aq
        .el .ds Aq '
        .TH mesh-router-explain 1  "mesh-router 0.1.0" mesh-router
        .SH NAME
        mesh\-router\-explain \- Say where a host or URL leads, and why
        .SH SYNOPSIS
        \fBmesh\-router explain\fR [\fB\-\-json\fR] [\fB\-\-running\fR] [\fB\-\-admin\fR] [\fB\-\-root\fR] [\fB\-\-release\fR] [\fB\-\-env\fR] [\fB\-\-env\-file\fR] [\fB\-\-config\fR] [\fB\-\-node\fR] [\fB\-\-cookie\-file\fR] [\fB\-\-listen\fR] [\fB\-\-workers\fR] [\fB\-\-mode\fR] [\fB\-\-trusted\-proxies\fR] [\fB\-\-forwarded\-proto\fR] [\fB\-\-proxy\-protocol\fR] [\fB\-\-default\-service\fR] [\fB\-h\fR|\fB\-\-help\fR] <\fIHOST|URL\fR> 
        .SH DESCRIPTION
        Say where a host or URL leads, and why
        .PP
        Exits with 1 if it leads nowhere.
        .SH OPTIONS
        .TP
        \fB\-\-json\fR
        Print JSON
        .TP
        \fB\-\-running\fR
        Ask the running gateway instead of reading the sources
        .TP
        \fB\-\-admin\fR \fI<ADDRESS>\fR
        Ask the one whose admin listener is there: 127.0.0.1:9900, unix:/path
        .TP
        \fB\-h\fR, \fB\-\-help\fR
        Print help (see a summary with \*(Aq\-h\*(Aq)
        .TP
        <\fIHOST|URL\fR>
        A host (tenant1.auth.local) or a URL (http://auth.local:4000/login)
        .SH PROJECT
        .TP
        \fB\-\-root\fR \fI<DIR>\fR
        The umbrella\*(Aqs root, or any folder in it [default: here]
        .TP
        \fB\-\-release\fR \fI<DIR>\fR
        A release made by `mix release`, in the place of the project\*(Aqs sources
        .TP
        \fB\-\-env\fR \fI<ENV>\fR
        The environment to read the config for: dev, test, prod [default: MIX_ENV, else dev]
        .TP
        \fB\-\-env\-file\fR \fI<FILE>\fR
        Variables for System.get_env, a KEY=VALUE on each line; they win over the environment\*(Aqs
        .TP
        \fB\-\-config\fR \fI<FILE>\fR
        Settings [default: mesh\-router.toml in the root, if there is one]
        .SH NODES
        .TP
        \fB\-\-node\fR \fI<NAME>\fR
        A running node to follow: auth@host, or auth@host:9100 without EPMD; its cluster\*(Aqs others too
        .TP
        \fB\-\-cookie\-file\fR \fI<FILE>\fR
        The nodes\*(Aq cookie [default: RELEASE_COOKIE, a release\*(Aqs own, else ~/.erlang.cookie]
        .SH SETTINGS
        .TP
        \fB\-\-listen\fR \fI<ADDRESS>\fR
        Addresses to listen on: 127.0.0.1:4000, unix:/path
        .TP
        \fB\-\-workers\fR \fI<N>\fR
        Event loops, one thread each [default: auto, one per core]
        .TP
        \fB\-\-mode\fR \fI<MODE>\fR
        Development or production [default: auto]
        .TP
        \fB\-\-trusted\-proxies\fR \fI<NETWORK>\fR
        Peers whose forwarded headers are believed [default: loopback,private]
        .TP
        \fB\-\-forwarded\-proto\fR \fI<SCHEME>\fR
        The scheme for the apps where no trusted peer says: http, https [default: auto]
        .TP
        \fB\-\-proxy\-protocol\fR[=\fI<SWITCH>\fR]
        Trusted peers say with the PROXY protocol who the client is: true, false [default: false]
        .TP
        \fB\-\-default\-service\fR \fI<MODULE>\fR
        The endpoint that gets hosts nobody claims [default: none, they get a 404]
    "#]].assert_eq(&page(Some("explain")).unwrap());
}

#[test]
fn the_page_of_the_program_lists_every_command() {
    let page = page(None).unwrap();
    for command in ["run", "routes", "explain", "diff", "completions", "man"] {
        let entry = format!("mesh\\-router\\-{command}(1)");
        assert!(page.contains(&entry), "{entry}: {page}");
    }
    // Examples keep their lines.
    let example =
        "\n  cd my_umbrella && mesh\\-router run        forward to every endpoint there\n";
    assert!(page.contains(example), "{page}");
}

#[test]
fn a_command_that_is_not_there() {
    let error = page(Some("exlpain")).unwrap_err();
    assert!(error.is::<Problems>());
    assert_eq!(
        error.to_string(),
        "COMMAND: there is no command \"exlpain\", did you mean \"explain\"?"
    );
}
