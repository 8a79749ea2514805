use clap::{CommandFactory as _, Parser as _};
use expect_test::{Expect, expect};

use super::{Arguments, Command};

#[track_caller]
fn help(name: &str, page: &Expect) {
    let mut root = Arguments::command().term_width(100);
    root.build();
    let command = root.find_subcommand(name).unwrap_or(&root);
    let text = command.clone().render_long_help().to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    page.assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn the_definition_holds() {
    Arguments::command().debug_assert();
}

#[test]
fn help_of_the_program() {
    help(
        "",
        &expect![[r#"
            A gateway for Phoenix umbrella applications that finds its routes by itself.

            It reads the umbrella's mix.exs, config files and endpoint modules (without running them), makes a
            table of hosts, and forwards HTTP and WebSockets by host alone. Subdomains, such as a tenant's, lead
            to the same endpoint; what they mean is the app's business.

            Usage: mesh-router <COMMAND>

            Commands:
              run          Find the umbrella's endpoints and forward to them
              demo         Try it: two stand-in endpoints behind the gateway
              routes       Show which host leads where, and which line says so
              explain      Say where a host or URL leads, and why
              doctor       Say all that is wrong or will surprise, and the line that mends it
              status       Show how it stands with the running gateway, and what is wrong
              reload       Have the running gateway read its settings and its project again
              pause        Have requests for a service of the running gateway wait, as for a deploy
              resume       Have the requests for a paused service go on
              healthcheck  Exit with 0 if the running gateway is ready, else with 1
              validate     Check the configuration and show what is in force
              diff         Show what would change in the table, between two environments or since an earlier
                           table
              export       Print the table as the configuration of another server
              hosts        Lines for /etc/hosts, for the hosts that this machine's resolver doesn't know
              completions  Print a completion script for a shell
              man          Print the manual page of the program, or of one command
              help         Print this message or the help of the given subcommand(s)

            Options:
              -h, --help
                      Print help (see a summary with '-h')

              -V, --version
                      Print version

            Try it:
              mesh-router demo                         two stand-in endpoints, nothing to set up
              cd my_umbrella && mesh-router run        forward to every endpoint there

            Ask it:
              mesh-router routes                       which host leads where
              mesh-router explain t1.auth.localhost    which endpoint and tenant, and why
              mesh-router validate --strict            for CI: is all as it should be?
              mesh-router doctor                       all that will surprise, with the line to write
              mesh-router status                       how is the one that runs?

            Exit status: 0 done, 1 failed, 2 bad arguments or configuration, 3 findings that matter.
            Each command has its own page: mesh-router help run. All settings: docs/configuration.md.
        "#]],
    );
}

#[test]
fn help_of_export() {
    help(
        "export",
        &expect![[r#"
            Print the table as the configuration of another server

            A way out, and a comparison: hosts, subdomains, addresses, forwarded headers, limits and timeouts as
            they are now, complete and ready to load. What the other server can't do the same way stands in its
            comments.

            Usage: mesh-router export [OPTIONS] --to <SERVER>

            Options:
                  --to <SERVER>
                      The server that is to read it

                      Possible values:
                      - nginx: A file to include in the http block of nginx.conf
                      - caddy: A Caddyfile

                  --output <FILE>
                      Write to this file instead of stdout

              -h, --help
                      Print help (see a summary with '-h')

            Project:
                  --root <DIR>
                      The umbrella's root, or any folder in it [default: here]

                  --release <DIR>
                      A release made by `mix release`, in the place of the project's sources

                  --env <ENV>
                      The environment to read the config for: dev, test, prod [default: MIX_ENV, else dev]

                  --env-file <FILE>
                      Variables for System.get_env, a KEY=VALUE on each line; they win over the environment's

                  --config <FILE>
                      Settings [default: mesh-router.toml in the root, if there is one]

            Nodes:
                  --node <NAME>
                      A running node to follow: auth@host, or auth@host:9100 without EPMD; its cluster's others
                      too

                  --cookie-file <FILE>
                      The nodes' cookie [default: RELEASE_COOKIE, a release's own, else ~/.erlang.cookie]

            Settings:
                  --listen <ADDRESS>
                      Addresses to listen on: 127.0.0.1:4000, unix:/path

                  --workers <N>
                      Event loops, one thread each [default: auto, one per core]

                  --mode <MODE>
                      Development or production [default: auto]

                  --trusted-proxies <NETWORK>
                      Peers whose forwarded headers are believed [default: loopback,private]

                  --forwarded-proto <SCHEME>
                      The scheme for the apps where no trusted peer says: http, https [default: auto]

                  --proxy-protocol[=<SWITCH>]
                      Trusted peers say with the PROXY protocol who the client is: true, false [default: false]

                  --default-service <MODULE>
                      The endpoint that gets hosts nobody claims [default: none, they get a 404]

            Examples:
              mesh-router export --to nginx --env prod --output mesh-router.conf
              nginx -t                                            after `include mesh-router.conf;` in http { }
              mesh-router export --to caddy --env prod > Caddyfile
              caddy run

            Exit status: 0 exported, 1 failed (nothing to export), 2 bad arguments or configuration, 3 a host
            that two endpoints claim in production.
        "#]],
    );
}

#[test]
fn help_of_man() {
    help(
        "man",
        &expect![[r#"
        Print the manual page of the program, or of one command

        For example: mesh-router man run | man -l -

        Usage: mesh-router man [COMMAND]

        Arguments:
          [COMMAND]
                  A command; without one, the program

        Options:
          -h, --help
                  Print help (see a summary with '-h')
    "#]],
    );
}

#[test]
fn help_of_run() {
    help(
        "run",
        &expect![[r#"
            Find the umbrella's endpoints and forward to them

            Follows the files as they are saved. Without --listen, takes the first port from 4000 that no
            endpoint declares and nobody holds, on 127.0.0.1 and ::1.

            Usage: mesh-router run [OPTIONS]

            Options:
                  --package
                      Serve the VM that started it: what it reports comes on stdin (for the Hex package)

              -h, --help
                      Print help (see a summary with '-h')

            Project:
                  --root <DIR>
                      The umbrella's root, or any folder in it [default: here]

                  --release <DIR>
                      A release made by `mix release`, in the place of the project's sources

                  --env <ENV>
                      The environment to read the config for: dev, test, prod [default: MIX_ENV, else dev]

                  --env-file <FILE>
                      Variables for System.get_env, a KEY=VALUE on each line; they win over the environment's

                  --config <FILE>
                      Settings [default: mesh-router.toml in the root, if there is one]

            Nodes:
                  --node <NAME>
                      A running node to follow: auth@host, or auth@host:9100 without EPMD; its cluster's others
                      too

                  --cookie-file <FILE>
                      The nodes' cookie [default: RELEASE_COOKIE, a release's own, else ~/.erlang.cookie]

            Settings:
                  --listen <ADDRESS>
                      Addresses to listen on: 127.0.0.1:4000, unix:/path

                  --workers <N>
                      Event loops, one thread each [default: auto, one per core]

                  --mode <MODE>
                      Development or production [default: auto]

                  --trusted-proxies <NETWORK>
                      Peers whose forwarded headers are believed [default: loopback,private]

                  --forwarded-proto <SCHEME>
                      The scheme for the apps where no trusted peer says: http, https [default: auto]

                  --proxy-protocol[=<SWITCH>]
                      Trusted peers say with the PROXY protocol who the client is: true, false [default: false]

                  --default-service <MODULE>
                      The endpoint that gets hosts nobody claims [default: none, they get a 404]

            Examples:
              mesh-router run                                    in an umbrella's root, or a Phoenix app's
              mesh-router run --listen 0.0.0.0:8080 --env prod   behind a TLS terminator
              mesh-router run --node shop@10.0.0.5               whatever runs there, and in its cluster
              MESH_ROUTER_TIMEOUTS_RESPONSE=5m mesh-router run   any key as a variable

            SIGTERM and Ctrl-C let open requests finish, a second one ends at once. SIGHUP reads
            mesh-router.toml again. SIGUSR2 starts the binary anew with the same sockets, and leaves once that
            accepts.
            MESH_ROUTER_LOG=debug says more on stderr; the access log goes to stdout.
        "#]],
    );
}

#[test]
fn help_of_demo() {
    help(
        "demo",
        &expect![[r#"
            Try it: two stand-in endpoints behind the gateway

            Starts services in the place of the two Phoenix endpoints of a small example umbrella, finds them by
            reading its config files, and forwards. Prints links to open. Ctrl-C ends it.

            Usage: mesh-router demo [OPTIONS]

            Options:
                  --port <PORT>
                      Listen on this port instead of the first free one from 4000 (0: any)

              -h, --help
                      Print help (see a summary with '-h')
        "#]],
    );
}

#[test]
fn help_of_explain() {
    help(
        "explain",
        &expect![[r#"
            Say where a host or URL leads, and why

            Exits with 1 if it leads nowhere.

            Usage: mesh-router explain [OPTIONS] <HOST|URL>

            Arguments:
              <HOST|URL>
                      A host (tenant1.auth.local) or a URL (http://auth.local:4000/login)

            Options:
                  --json
                      Print JSON

                  --running
                      Ask the running gateway instead of reading the sources

                  --admin <ADDRESS>
                      Ask the one whose admin listener is there: 127.0.0.1:9900, unix:/path

              -h, --help
                      Print help (see a summary with '-h')

            Project:
                  --root <DIR>
                      The umbrella's root, or any folder in it [default: here]

                  --release <DIR>
                      A release made by `mix release`, in the place of the project's sources

                  --env <ENV>
                      The environment to read the config for: dev, test, prod [default: MIX_ENV, else dev]

                  --env-file <FILE>
                      Variables for System.get_env, a KEY=VALUE on each line; they win over the environment's

                  --config <FILE>
                      Settings [default: mesh-router.toml in the root, if there is one]

            Nodes:
                  --node <NAME>
                      A running node to follow: auth@host, or auth@host:9100 without EPMD; its cluster's others
                      too

                  --cookie-file <FILE>
                      The nodes' cookie [default: RELEASE_COOKIE, a release's own, else ~/.erlang.cookie]

            Settings:
                  --listen <ADDRESS>
                      Addresses to listen on: 127.0.0.1:4000, unix:/path

                  --workers <N>
                      Event loops, one thread each [default: auto, one per core]

                  --mode <MODE>
                      Development or production [default: auto]

                  --trusted-proxies <NETWORK>
                      Peers whose forwarded headers are believed [default: loopback,private]

                  --forwarded-proto <SCHEME>
                      The scheme for the apps where no trusted peer says: http, https [default: auto]

                  --proxy-protocol[=<SWITCH>]
                      Trusted peers say with the PROXY protocol who the client is: true, false [default: false]

                  --default-service <MODULE>
                      The endpoint that gets hosts nobody claims [default: none, they get a 404]
        "#]],
    );
}

#[test]
fn no_line_of_help_is_wider_than_a_terminal() {
    let mut root = Arguments::command().term_width(100);
    root.build();
    for command in std::iter::once(&root).chain(root.get_subcommands()) {
        let text = command.clone().render_long_help().to_string();
        for line in text.lines() {
            assert!(
                line.chars().count() <= 100,
                "{}: {line}",
                command.get_name()
            );
        }
    }
}

#[test]
fn settings_are_the_flags_that_were_given() {
    let line = "mesh-router run --listen 127.0.0.1:1,[::1]:1 --listen unix:/a --mode production";
    let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
    let Command::Run(run) = arguments.command else {
        panic!("{arguments:?}")
    };
    let strings = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        run.options.settings(),
        [
            (
                "listen",
                "--listen",
                strings(&["127.0.0.1:1", "[::1]:1", "unix:/a"])
            ),
            ("mode", "--mode", strings(&["production"])),
        ]
    );
}

#[test]
fn help_of_diff() {
    help(
        "diff",
        &expect![[r#"
            Show what would change in the table, between two environments or since an earlier table

            Compares hosts, services, addresses, subdomain policies, conflicts and findings, with the line that
            each side was written in.

            Usage: mesh-router diff [OPTIONS]

            Options:
                  --against <OLD.json>
                      The table to compare with: what `routes --json` printed earlier; - for stdin

                  --exit-code
                      Exit with 3 where something differs

                  --json
                      Print JSON

              -h, --help
                      Print help (see a summary with '-h')

            Project:
                  --root <DIR>
                      The umbrella's root, or any folder in it [default: here]

                  --release <DIR>
                      A release made by `mix release`, in the place of the project's sources

                  --env <ENV>
                      The environment to read the config for; twice: the two to compare [default: MIX_ENV, else
                      dev]

                  --env-file <FILE>
                      Variables for System.get_env, a KEY=VALUE on each line; they win over the environment's

                  --config <FILE>
                      Settings [default: mesh-router.toml in the root, if there is one]

            Nodes:
                  --node <NAME>
                      A running node to follow: auth@host, or auth@host:9100 without EPMD; its cluster's others
                      too

                  --cookie-file <FILE>
                      The nodes' cookie [default: RELEASE_COOKIE, a release's own, else ~/.erlang.cookie]

            Settings:
                  --listen <ADDRESS>
                      Addresses to listen on: 127.0.0.1:4000, unix:/path

                  --workers <N>
                      Event loops, one thread each [default: auto, one per core]

                  --mode <MODE>
                      Development or production [default: auto]

                  --trusted-proxies <NETWORK>
                      Peers whose forwarded headers are believed [default: loopback,private]

                  --forwarded-proto <SCHEME>
                      The scheme for the apps where no trusted peer says: http, https [default: auto]

                  --proxy-protocol[=<SWITCH>]
                      Trusted peers say with the PROXY protocol who the client is: true, false [default: false]

                  --default-service <MODULE>
                      The endpoint that gets hosts nobody claims [default: none, they get a 404]

            Examples:
              mesh-router diff --env dev --env prod               two environments of this project
              mesh-router routes --json --env prod > before.json
              git switch new-hosts
              mesh-router diff --against before.json --env prod   what the branch changes
              git show v1:routes.json | mesh-router diff --against - --exit-code
              mesh-router diff --env prod --node shop@10.0.0.5    where what runs differs from the files

            Lines: + only afterwards, - only before, ~ other than before. Each side is read in the mode that
            `run` would choose for it (--mode says it outright). Between development and production the names
            that only development has (auth.localhost) are left out, and named at the end.

            Exit status: 0 compared, with --exit-code 3 where something differs; 1 failed; 2 bad arguments.
        "#]],
    );
}

#[test]
fn diff_takes_every_environment_in_order() {
    let parsed =
        Arguments::try_parse_from(["mesh-router", "diff", "--env", "dev", "--env", "prod"]);
    let Command::Diff(diff) = parsed.unwrap().command else {
        panic!("not diff")
    };
    assert_eq!(diff.envs.0, ["dev", "prod"]);
    // The others still take one.
    assert!(
        Arguments::try_parse_from(["mesh-router", "routes", "--env", "dev", "--env", "prod"])
            .is_err()
    );
}

#[test]
fn help_of_doctor() {
    help(
        "doctor",
        &expect![[r#"
            Say all that is wrong or will surprise, and the line that mends it

            Looks at the table, the endpoints' settings and modules, and in development asks this machine's
            resolver for the hosts. Exits with 3 on errors, with --strict on warnings too.

            Usage: mesh-router doctor [OPTIONS]

            Options:
                  --json
                      Print JSON

                  --strict
                      Exit with 3 on warnings too

              -h, --help
                      Print help (see a summary with '-h')

            Project:
                  --root <DIR>
                      The umbrella's root, or any folder in it [default: here]

                  --release <DIR>
                      A release made by `mix release`, in the place of the project's sources

                  --env <ENV>
                      The environment to read the config for: dev, test, prod [default: MIX_ENV, else dev]

                  --env-file <FILE>
                      Variables for System.get_env, a KEY=VALUE on each line; they win over the environment's

                  --config <FILE>
                      Settings [default: mesh-router.toml in the root, if there is one]

            Nodes:
                  --node <NAME>
                      A running node to follow: auth@host, or auth@host:9100 without EPMD; its cluster's others
                      too

                  --cookie-file <FILE>
                      The nodes' cookie [default: RELEASE_COOKIE, a release's own, else ~/.erlang.cookie]

            Settings:
                  --listen <ADDRESS>
                      Addresses to listen on: 127.0.0.1:4000, unix:/path

                  --workers <N>
                      Event loops, one thread each [default: auto, one per core]

                  --mode <MODE>
                      Development or production [default: auto]

                  --trusted-proxies <NETWORK>
                      Peers whose forwarded headers are believed [default: loopback,private]

                  --forwarded-proto <SCHEME>
                      The scheme for the apps where no trusted peer says: http, https [default: auto]

                  --proxy-protocol[=<SWITCH>]
                      Trusted peers say with the PROXY protocol who the client is: true, false [default: false]

                  --default-service <MODULE>
                      The endpoint that gets hosts nobody claims [default: none, they get a 404]

            Examples:
              mesh-router doctor                       what will surprise while you develop
              mesh-router doctor --env prod            what will surprise in production
              mesh-router doctor --env prod --strict   for CI

            Every finding has a code; docs/findings.md tells them all. To leave some out, write in
            mesh-router.toml:
              [doctor]
              ignore = ["host-local"]
        "#]],
    );
}

#[test]
fn help_of_hosts() {
    help(
        "hosts",
        &expect![[r#"
            Lines for /etc/hosts, for the hosts that this machine's resolver doesn't know

            They stand between two marker lines, a block for each project. Names below .localhost need none:
            browsers know them.

            Usage: mesh-router hosts <COMMAND>

            Commands:
              print  Print the block that sync would write
              sync   Write the block; all else in the file stays as it is
              clean  Take the block out; all else in the file stays as it is
              help   Print this message or the help of the given subcommand(s)

            Options:
              -h, --help
                      Print help (see a summary with '-h')

            Examples:
              mesh-router hosts print                    the block of this project
              mesh-router hosts sync                     write it to /etc/hosts
              mesh-router hosts sync --tenant acme       with acme.auth.local: hosts files have no *
              mesh-router hosts clean                    take it out again

            Where the file isn't yours to write, the error has the whole sudo line.
        "#]],
    );
}
