//! What the tests need besides Rust: found, else installed where that is possible, else an error.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

use crate::steps::{Steps, program, root};

/// Something that a run needs, and the Debian package that has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    what: What,
    package: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// A program on PATH.
    Program(&'static str),
    /// A library of Debian's Python.
    Python(&'static str),
    /// One of the files that the package `rabbitmq-server` brings along.
    Cowboy,
}

/// What `cargo xtask test` needs.
pub(crate) const FOR_TESTS: &[Need] = &[
    Need {
        what: What::Program("cc"),
        package: "gcc",
    },
    Need {
        what: What::Program("curl"),
        package: "curl",
    },
    Need {
        what: What::Program("elixir"),
        package: "elixir",
    },
    Need {
        what: What::Cowboy,
        package: "rabbitmq-server",
    },
    Need {
        what: What::Program("ip"),
        package: "iproute2",
    },
    Need {
        what: What::Program("faketime"),
        package: "faketime",
    },
    Need {
        what: What::Program("wrk"),
        package: "wrk",
    },
    Need {
        what: What::Program("h2load"),
        package: "nghttp2-client",
    },
    Need {
        what: What::Program("node"),
        package: "nodejs",
    },
    Need {
        what: What::Program("npm"),
        package: "npm",
    },
    Need {
        what: What::Program("python3"),
        package: "python3",
    },
    Need {
        what: What::Python("requests"),
        package: "python3-requests",
    },
    Need {
        what: What::Python("websockets"),
        package: "python3-websockets",
    },
    Need {
        what: What::Program("chromium"),
        package: "chromium",
    },
    Need {
        what: What::Program("man"),
        package: "man-db",
    },
    Need {
        what: What::Program("nginx"),
        package: "nginx-light",
    },
    Need {
        what: What::Program("caddy"),
        package: "caddy",
    },
    Need {
        what: What::Program("promtool"),
        package: "prometheus",
    },
    Need {
        what: What::Program("systemd-analyze"),
        package: "systemd",
    },
];

/// What it takes to make a Debian 13 of its own.
pub(crate) const FOR_TRIXIE: &[Need] = &[Need {
    what: What::Program("debootstrap"),
    package: "debootstrap",
}];

/// What `cargo xtask nightly` needs besides.
pub(crate) const FOR_NIGHTS: &[Need] = &[Need {
    what: What::Program("dialyzer"),
    package: "erlang-dialyzer",
}];

/// What `cargo xtask bench` needs.
pub(crate) const FOR_BENCHMARKS: &[Need] = &[
    Need {
        what: What::Program("nginx"),
        package: "nginx-light",
    },
    Need {
        what: What::Program("haproxy"),
        package: "haproxy",
    },
    Need {
        what: What::Program("caddy"),
        package: "caddy",
    },
    Need {
        what: What::Program("taskset"),
        package: "util-linux",
    },
];

/// What `cargo xtask strict` needs.
pub(crate) const FOR_STRICT: &[Need] = &[
    Need {
        what: What::Program("nginx"),
        package: "nginx-light",
    },
    Need {
        what: What::Program("haproxy"),
        package: "haproxy",
    },
];

/// Packages that bring a service, and its unit.
const SERVICES: &[(&str, &str)] = &[
    ("rabbitmq-server", "rabbitmq-server"),
    ("nginx-light", "nginx"),
    ("haproxy", "haproxy"),
    ("caddy", "caddy"),
    ("prometheus", "prometheus"),
];

/// What `cargo xtask bench discovery` needs.
pub(crate) const FOR_DISCOVERY: &[Need] = &[Need {
    what: What::Program("elixir"),
    package: "elixir",
}];

/// Installs what is missing, or says what can't be.
pub(crate) fn all(needs: &[Need], steps: &mut Steps) -> Result<()> {
    let missing: Vec<&str> = needs
        .iter()
        .filter(|need| !need.is_met())
        .map(|need| need.package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if find("apt-get").is_none() || !is_root() {
        bail!(
            "these are missing: {}. On Debian `sudo apt-get install {}` brings them; run as root \
             this command does it by itself",
            missing.join(", "),
            missing.join(" ")
        );
    }
    let refused = refuse_services()?;
    let installed = apt(&missing, steps);
    if let Some(file) = refused {
        fs::remove_file(file)?;
    }
    installed?;
    if find("systemctl").is_some() {
        // Nor are they to start at the next boot.
        for (_, unit) in SERVICES.iter().filter(|(it, _)| missing.contains(it)) {
            steps.run(&mut program("systemctl", ["disable", unit]))?;
        }
    }
    for need in needs {
        if !need.is_met() {
            bail!(
                "the package {} is installed, but what we need of it is missing",
                need.package
            );
        }
    }
    Ok(())
}

/// Installs the tests' JavaScript as its lock file says, if that is not done yet.
pub(crate) fn javascript(steps: &mut Steps) -> Result<()> {
    let folder = root().join("e2e/js");
    let lock = fs::read(folder.join("package-lock.json"))?;
    // A copy of the lock file beside what it led to tells whether it still holds.
    let stamp = folder.join("node_modules/.installed-from");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    steps.run(&mut program(
        "npm",
        ["ci", "--no-audit", "--no-fund", "--prefix", "e2e/js"],
    ))?;
    fs::write(stamp, lock)?;
    Ok(())
}

/// Returns whether cargo has this subcommand.
pub(crate) fn has_cargo(subcommand: &str) -> bool {
    let name = format!("cargo-{subcommand}");
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    find(&name).is_some() || home.is_some_and(|home| home.join("bin").join(&name).is_file())
}

impl Need {
    fn is_met(self) -> bool {
        match self.what {
            What::Program(name) => find(name).is_some(),
            What::Python(name) => Path::new("/usr/lib/python3/dist-packages")
                .join(name)
                .exists(),
            What::Cowboy => cowboy().is_some(),
        }
    }
}

fn apt(packages: &[&str], steps: &mut Steps) -> Result<()> {
    let quiet = |arguments: &[&str]| {
        let mut command = program("apt-get", arguments);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    steps.run(&mut quiet(&["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    steps.run(&mut quiet(&[&install[..], packages].concat()))
}

/// Tells Debian's scripts not to start what is installed: of servers such as `rabbitmq-server` and `nginx`
/// only files are needed. Returns the file to remove afterwards; an administrator's own file is obeyed.
fn refuse_services() -> Result<Option<PathBuf>> {
    use std::os::unix::fs::PermissionsExt;
    let file = PathBuf::from("/usr/sbin/policy-rc.d");
    if file.exists() {
        return Ok(None);
    }
    fs::write(&file, "#!/bin/sh\nexit 101\n")?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    Ok(Some(file))
}

fn cowboy() -> Option<PathBuf> {
    let servers = fs::read_dir("/usr/lib/rabbitmq/lib").ok()?;
    let plugins = servers
        .flatten()
        .filter_map(|it| fs::read_dir(it.path().join("plugins")).ok());
    let mut found = plugins.flatten().flatten().map(|entry| entry.path());
    found.find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("cowboy-")
    })
}

/// Returns the path of a program on PATH.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// Returns whether this runs as root.
pub(crate) fn is_root() -> bool {
    let id = program("id", ["-u"]).output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}
