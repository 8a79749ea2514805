//! The units of docs/deployment.md: systemd takes them, and the gateway takes their command line.

use std::{fs, process::Command};

use e2e::{gateway, tool};
use tempfile::TempDir;

/// Where the guide has the program.
const INSTALLED: &str = "/usr/local/bin/mesh-router";

/// The first systemd that knows `Type=notify-reload`.
const NOTIFY_RELOAD: u32 = 253;

#[test]
fn systemd_takes_them() {
    let folder = TempDir::new().unwrap();
    let [service, socket] = units();
    let binary = gateway::binary();
    let mut service = service.replace(INSTALLED, binary.to_str().unwrap());
    if version() < NOTIFY_RELOAD {
        service = for_an_older_one(&service);
    }
    let mut verify = Command::new(tool::require("systemd-analyze"));
    verify.args(["verify", "--man=no"]);
    for (name, unit) in [("service", service), ("socket", socket)] {
        let file = folder.path().join(format!("mesh-router.{name}"));
        fs::write(&file, unit).unwrap();
        verify.arg(file);
    }
    // A key that it doesn't know it tells, and succeeds.
    let said = tool::run(&mut verify).stderr;
    let said = String::from_utf8(said).unwrap();
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("mesh-router."))
        .collect();
    assert!(ours.is_empty(), "{said}");
}

#[test]
fn the_gateway_takes_the_services_command_line() {
    let [service, _] = units();
    let line = service
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let mut words = line.unwrap().split(' ');
    assert_eq!(words.next(), Some(INSTALLED));
    let mut help = Command::new(gateway::binary());
    // It reads all that stands before, and then only tells.
    tool::run(help.args(words).arg("--help"));
}

/// The service's unit, and the socket's.
fn units() -> [String; 2] {
    let guide = fs::read_to_string(tool::ours("../docs/deployment.md")).unwrap();
    let blocks = guide.split("```ini\n").skip(1);
    let units: Vec<String> = blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect();
    units.try_into().unwrap()
}

/// The service as the guide has it for a systemd that knows no `notify-reload`.
fn for_an_older_one(service: &str) -> String {
    let guide = fs::read_to_string(tool::ours("../docs/deployment.md")).unwrap();
    let advice = guide.split("knows no `notify-reload`: write ").nth(1);
    let mut words = advice.unwrap().split('`');
    let [_, kind, _, reload] = [(); 4].map(|()| words.next().unwrap());
    service.replace("Type=notify-reload", &format!("{kind}\n{reload}"))
}

fn version() -> u32 {
    let output = tool::run(Command::new(tool::require("systemd-analyze")).arg("--version"));
    let said = String::from_utf8(output.stdout).unwrap();
    // "systemd 252 (252.38-1~deb12u1)"
    said.split(' ').nth(1).unwrap().parse().unwrap()
}
