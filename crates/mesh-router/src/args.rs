//! The command line.
#![allow(
    rustdoc::bare_urls,
    reason = "doc comments are the help pages, which are read as plain text"
)]

use std::{path::PathBuf, time::Duration};

use clap::{ArgAction, ArgMatches, Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::config;

#[cfg(test)]
mod tests;

const EXAMPLES: &str = "\
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
Each command has its own page: mesh-router help run. All settings: docs/configuration.md.";

/// Where systems keep their hosts file.
const HOSTS_FILE: &str = "/etc/hosts";

const RUN_EXAMPLES: &str = "\
Examples:
  mesh-router run                                    in an umbrella's root, or a Phoenix app's
  mesh-router run --listen 0.0.0.0:8080 --env prod   behind a TLS terminator
  mesh-router run --node shop@10.0.0.5               whatever runs there, and in its cluster
  MESH_ROUTER_TIMEOUTS_RESPONSE=5m mesh-router run   any key as a variable

SIGTERM and Ctrl-C let open requests finish, a second one ends at once. SIGHUP reads mesh-router.toml \
again. SIGUSR2 starts the binary anew with the same sockets, and leaves once that accepts.
MESH_ROUTER_LOG=debug says more on stderr; the access log goes to stdout.";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  mesh-router doctor                       what will surprise while you develop
  mesh-router doctor --env prod            what will surprise in production
  mesh-router doctor --env prod --strict   for CI

Every finding has a code; docs/findings.md tells them all. To leave some out, write in mesh-router.toml:
  [doctor]
  ignore = [\"host-local\"]";

const HOSTS_EXAMPLES: &str = "\
Examples:
  mesh-router hosts print                    the block of this project
  mesh-router hosts sync                     write it to /etc/hosts
  mesh-router hosts sync --tenant acme       with acme.auth.local: hosts files have no *
  mesh-router hosts clean                    take it out again

Where the file isn't yours to write, the error has the whole sudo line.";

const DIFF_EXAMPLES: &str = "\
Examples:
  mesh-router diff --env dev --env prod               two environments of this project
  mesh-router routes --json --env prod > before.json
  git switch new-hosts
  mesh-router diff --against before.json --env prod   what the branch changes
  git show v1:routes.json | mesh-router diff --against - --exit-code
  mesh-router diff --env prod --node shop@10.0.0.5    where what runs differs from the files

Lines: + only afterwards, - only before, ~ other than before. Each side is read in the mode that `run` \
would choose for it (--mode says it outright). Between development and production the names that only \
development has (auth.localhost) are left out, and named at the end.

Exit status: 0 compared, with --exit-code 3 where something differs; 1 failed; 2 bad arguments.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  mesh-router export --to nginx --env prod --output mesh-router.conf
  nginx -t                                            after `include mesh-router.conf;` in http { }
  mesh-router export --to caddy --env prod > Caddyfile
  caddy run

Exit status: 0 exported, 1 failed (nothing to export), 2 bad arguments or configuration, 3 a host that \
two endpoints claim in production.";

/// A gateway for Phoenix umbrella applications that finds its routes by itself.
///
/// It reads the umbrella's mix.exs, config files and endpoint modules (without running them), makes
/// a table of hosts, and forwards HTTP and WebSockets by host alone. Subdomains, such as a tenant's,
/// lead to the same endpoint; what they mean is the app's business.
#[derive(Debug, Parser)]
#[command(
    name = "mesh-router",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find the umbrella's endpoints and forward to them
    ///
    /// Follows the files as they are saved. Without --listen, takes the first port from 4000 that no
    /// endpoint declares and nobody holds, on 127.0.0.1 and ::1.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// Try it: two stand-in endpoints behind the gateway
    ///
    /// Starts services in the place of the two Phoenix endpoints of a small example umbrella, finds
    /// them by reading its config files, and forwards. Prints links to open. Ctrl-C ends it.
    Demo(Demo),
    /// Show which host leads where, and which line says so
    Routes(Routes),
    /// Say where a host or URL leads, and why
    ///
    /// Exits with 1 if it leads nowhere.
    Explain(Explain),
    /// Say all that is wrong or will surprise, and the line that mends it
    ///
    /// Looks at the table, the endpoints' settings and modules, and in development asks this machine's
    /// resolver for the hosts. Exits with 3 on errors, with --strict on warnings too.
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(Doctor),
    /// Show how it stands with the running gateway, and what is wrong
    ///
    /// Asks its admin listener ([admin] listen, by default 127.0.0.1:9900).
    Status(Status),
    /// Have the running gateway read its settings and its project again
    ///
    /// Waits until all workers have the new table and shows what became different. Exits with 1 where
    /// it was refused: then the running table stays.
    Reload(Reload),
    /// Have requests for a service of the running gateway wait, as for a deploy
    ///
    /// They wait until `resume`, or until the time is up, and then go to the service as if they had
    /// just come. What is under way goes on.
    Pause(Pause),
    /// Have the requests for a paused service go on
    Resume(Resume),
    /// Exit with 0 if the running gateway is ready, else with 1
    ///
    /// For a container's HEALTHCHECK. Asks the health listener, or admin's where there is none.
    Healthcheck(Healthcheck),
    /// Check the configuration and show what is in force
    ///
    /// Shows every setting with where it was written, and what was found that will surprise. Exits
    /// with 2 on a configuration that can't be used, with 3 on findings of severity error.
    Validate(Validate),
    /// Show what would change in the table, between two environments or since an earlier table
    ///
    /// Compares hosts, services, addresses, subdomain policies, conflicts and findings, with the line
    /// that each side was written in.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(Diff),
    /// Print the table as the configuration of another server
    ///
    /// A way out, and a comparison: hosts, subdomains, addresses, forwarded headers, limits and
    /// timeouts as they are now, complete and ready to load. What the other server can't do the same
    /// way stands in its comments.
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
    /// Lines for /etc/hosts, for the hosts that this machine's resolver doesn't know
    ///
    /// They stand between two marker lines, a block for each project. Names below .localhost need
    /// none: browsers know them.
    #[command(after_help = HOSTS_EXAMPLES)]
    Hosts(Hosts),
    /// Print a completion script for a shell
    ///
    /// For example: mesh-router completions bash > /etc/bash_completion.d/mesh-router
    Completions(Completions),
    /// Print the manual page of the program, or of one command
    ///
    /// For example: mesh-router man run | man -l -
    Man(Man),
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Serve the VM that started it: what it reports comes on stdin (for the Hex package)
    #[arg(long, conflicts_with_all = ["root", "release", "env"])]
    pub(crate) package: bool,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Listen on this port instead of the first free one from 4000 (0: any)
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
}

/// Arguments of `routes`.
#[derive(Debug, Args)]
pub(crate) struct Routes {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Whom to ask.
    #[command(flatten)]
    pub(crate) running: AskRunning,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A host (tenant1.auth.local) or a URL (http://auth.local:4000/login)
    #[arg(value_name = "HOST|URL")]
    pub(crate) host: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Whom to ask.
    #[command(flatten)]
    pub(crate) running: AskRunning,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 3 on warnings too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Whether a running gateway is asked, and which.
#[derive(Debug, Args)]
pub(crate) struct AskRunning {
    /// Ask the running gateway instead of reading the sources
    #[arg(long)]
    pub(crate) running: bool,
    /// Ask the one whose admin listener is there: 127.0.0.1:9900, unix:/path
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin: Option<String>,
}

impl AskRunning {
    /// Returns whether a running gateway is to be asked.
    pub(crate) fn is_wanted(&self) -> bool {
        self.running || self.admin.is_some()
    }
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where its admin listener is [default: as the settings say]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin: Option<String>,
    /// Where to look for its settings.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `hosts`.
#[derive(Debug, Args)]
pub(crate) struct Hosts {
    /// What to do with the block.
    #[command(subcommand)]
    pub(crate) action: HostsAction,
}

/// What to do with the block of a hosts file.
#[derive(Debug, Subcommand)]
pub(crate) enum HostsAction {
    /// Print the block that sync would write
    Print(HostsBlock),
    /// Write the block; all else in the file stays as it is
    Sync(HostsBlock),
    /// Take the block out; all else in the file stays as it is
    Clean(HostsClean),
}

/// Arguments of `hosts print` and `hosts sync`.
#[derive(Debug, Args)]
pub(crate) struct HostsBlock {
    /// Also this subdomain of each host, such as a tenant's; may be given several times
    #[arg(long, value_name = "NAME")]
    pub(crate) tenant: Vec<String>,
    /// Also names below .localhost, for programs that are no browsers
    #[arg(long)]
    pub(crate) localhost: bool,
    /// The hosts file
    #[arg(long, value_name = "PATH", default_value = HOSTS_FILE)]
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `reload`.
#[derive(Debug, Args)]
pub(crate) struct Reload {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where its admin listener is [default: as the settings say]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin: Option<String>,
    /// Where to look for its settings.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `pause`.
#[derive(Debug, Args)]
pub(crate) struct Pause {
    /// The service, as `routes` shows it: AuthWeb.Endpoint
    pub(crate) service: String,
    /// How long at the most: 30s, 2m; up to 10m
    #[arg(long = "for", value_name = "DURATION", default_value = "30s", value_parser = pause_length)]
    pub(crate) length: Duration,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where its admin listener is [default: as the settings say]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin: Option<String>,
    /// Where to look for its settings.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `resume`.
#[derive(Debug, Args)]
pub(crate) struct Resume {
    /// The service, as `routes` shows it: AuthWeb.Endpoint
    pub(crate) service: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where its admin listener is [default: as the settings say]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin: Option<String>,
    /// Where to look for its settings.
    #[command(flatten)]
    pub(crate) options: Options,
}

fn pause_length(text: &str) -> Result<Duration, String> {
    let length = config::positive_duration(text)?;
    match length.subsec_nanos() == 0 && length <= discovery::PAUSE_MAX {
        true => Ok(length),
        false => Err(format!("\"{text}\" is not whole seconds, at most 10m")),
    }
}

/// Arguments of `hosts clean`.
#[derive(Debug, Args)]
pub(crate) struct HostsClean {
    /// The hosts file
    #[arg(long, value_name = "PATH", default_value = HOSTS_FILE)]
    pub(crate) file: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub(crate) struct Healthcheck {
    /// Where its admin or health listener is [default: as the settings say]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) admin: Option<String>,
    /// Where to look for its settings.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 3 on warnings too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(mut_arg("env", twice))]
pub(crate) struct Diff {
    /// The environments named, in order.
    #[command(flatten)]
    pub(crate) envs: Envs,
    /// The table to compare with: what `routes --json` printed earlier; - for stdin
    #[arg(long, value_name = "OLD.json")]
    pub(crate) against: Option<PathBuf>,
    /// Exit with 3 where something differs
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// Every `--env`, where it may be named twice. The argument itself is defined by [`Options`], which
/// keeps the last.
#[derive(Debug)]
pub(crate) struct Envs(pub(crate) Vec<String>);

impl Args for Envs {
    fn augment_args(command: clap::Command) -> clap::Command {
        command
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        command
    }
}

impl FromArgMatches for Envs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let envs = matches.get_many::<String>("env");
        Ok(Self(envs.into_iter().flatten().cloned().collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Lets `--env` be named more than once.
fn twice(env: clap::Arg) -> clap::Arg {
    env.action(ArgAction::Append)
        .help("The environment to read the config for; twice: the two to compare [default: MIX_ENV, else dev]")
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The server that is to read it
    #[arg(long, value_name = "SERVER")]
    pub(crate) to: Server,
    /// Write to this file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Where to look and what holds.
    #[command(flatten)]
    pub(crate) options: Options,
}

/// A server that a table can be exported to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    /// A file to include in the http block of nginx.conf
    Nginx,
    /// A Caddyfile
    Caddy,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// A command; without one, the program
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

/// Where to look, and the settings that have flags.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Options {
    /// The umbrella's root, or any folder in it [default: here]
    #[arg(long, value_name = "DIR", help_heading = "Project")]
    pub(crate) root: Option<PathBuf>,
    /// A release made by `mix release`, in the place of the project's sources
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "root",
        help_heading = "Project"
    )]
    pub(crate) release: Option<PathBuf>,
    /// The environment to read the config for: dev, test, prod [default: MIX_ENV, else dev]
    #[arg(long, value_name = "ENV", help_heading = "Project")]
    pub(crate) env: Option<String>,
    /// Variables for System.get_env, a KEY=VALUE on each line; they win over the environment's
    #[arg(long, value_name = "FILE", help_heading = "Project")]
    pub(crate) env_file: Option<PathBuf>,
    /// Settings [default: mesh-router.toml in the root, if there is one]
    #[arg(long, value_name = "FILE", help_heading = "Project")]
    pub(crate) config: Option<PathBuf>,

    /// A running node to follow: auth@host, or auth@host:9100 without EPMD; its cluster's others too
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        help_heading = "Nodes"
    )]
    pub(crate) node: Vec<String>,
    /// The nodes' cookie [default: RELEASE_COOKIE, a release's own, else ~/.erlang.cookie]
    #[arg(long, value_name = "FILE", help_heading = "Nodes")]
    pub(crate) cookie_file: Option<String>,

    /// Addresses to listen on: 127.0.0.1:4000, unix:/path
    #[arg(
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        help_heading = "Settings"
    )]
    pub(crate) listen: Vec<String>,
    /// Event loops, one thread each [default: auto, one per core]
    #[arg(long, value_name = "N", help_heading = "Settings")]
    pub(crate) workers: Option<String>,
    /// Development or production [default: auto]
    #[arg(long, value_name = "MODE", help_heading = "Settings")]
    pub(crate) mode: Option<String>,
    /// Peers whose forwarded headers are believed [default: loopback,private]
    #[arg(
        long,
        value_name = "NETWORK",
        value_delimiter = ',',
        help_heading = "Settings"
    )]
    pub(crate) trusted_proxies: Vec<String>,
    /// The scheme for the apps where no trusted peer says: http, https [default: auto]
    #[arg(long, value_name = "SCHEME", help_heading = "Settings")]
    pub(crate) forwarded_proto: Option<String>,
    /// Trusted peers say with the PROXY protocol who the client is: true, false [default: false]
    #[arg(
        long,
        value_name = "SWITCH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        help_heading = "Settings"
    )]
    pub(crate) proxy_protocol: Option<String>,
    /// The endpoint that gets hosts nobody claims [default: none, they get a 404]
    #[arg(long, value_name = "MODULE", help_heading = "Settings")]
    pub(crate) default_service: Option<String>,
}

impl Options {
    /// Returns the settings among the flags: key, the flag's name, its values.
    pub(crate) fn settings(&self) -> Vec<(&'static str, &'static str, Vec<String>)> {
        let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
        let flags = [
            ("discovery.nodes", "--node", self.node.clone()),
            (
                "discovery.cookie_file",
                "--cookie-file",
                one(&self.cookie_file),
            ),
            ("listen", "--listen", self.listen.clone()),
            ("workers", "--workers", one(&self.workers)),
            ("mode", "--mode", one(&self.mode)),
            (
                "trusted_proxies",
                "--trusted-proxies",
                self.trusted_proxies.clone(),
            ),
            (
                "forwarded_proto",
                "--forwarded-proto",
                one(&self.forwarded_proto),
            ),
            (
                "proxy_protocol",
                "--proxy-protocol",
                one(&self.proxy_protocol),
            ),
            (
                "default_service",
                "--default-service",
                one(&self.default_service),
            ),
        ];
        flags
            .into_iter()
            .filter(|(_, _, values)| !values.is_empty())
            .collect()
    }
}
