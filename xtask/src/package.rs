//! The Hex package's own checks, by each Elixir that there is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::steps::{Steps, cargo, program, root, target};

/// What the package's tests read: the package, and what it shares with crates.
const READ: &[&str] = &[
    "elixir",
    "crates/mesh-router/src/config",
    "crates/phoenix/testdata",
    "crates/tenant-resolver/testdata",
];

/// Cowboy, as `rabbitmq-server` has it: its beams run on every OTP since the one that made them.
const COWBOY: &[&str] = &["cowboy-", "cowlib-", "ranch-"];

/// Folders of the package that a compiler or a person has filled.
const MADE: &[&str] = &["_build", "deps", "doc", "tmp"];

/// Runs format, compiler and tests with the installed Elixir, and again in the Debian tree if there is
/// one. Nothing is built in the package's folder.
pub(crate) fn test(tree: Option<&Path>, steps: &mut Steps) -> Result<()> {
    // Its tests start the binary that lies beside them.
    steps.run(&mut cargo(["build", "--locked", "-p", "mesh-router"]))?;
    let binary = std::path::absolute(target())?.join("debug/mesh-router");
    let built = built()?;
    let mix = |env: &str, arguments: &[&str]| {
        let mut command = mix(&built, env, arguments);
        command.env("MESH_ROUTER_PATH", &binary);
        command
    };
    steps.run(&mut mix("test", &["format", "--check-formatted"]))?;
    steps.run(&mut mix("prod", &["compile", "--warnings-as-errors"]))?;
    steps.run(&mut mix("test", &["test", "--warnings-as-errors"]))?;
    match tree {
        Some(tree) => test_in(tree, &binary, steps),
        None => Ok(()),
    }
}

/// Has dialyzer look at the package. What it knows of OTP and Elixir takes it minutes to learn, and
/// is kept.
pub(crate) fn dialyzer(steps: &mut Steps) -> Result<()> {
    const OTP: &str = "erts kernel stdlib crypto public_key ssl inets";
    let built = built()?;
    steps.run(&mut mix(&built, "prod", &["compile"]))?;
    let lib = program("elixir", ["-e", "IO.write(:code.lib_dir(:elixir))"]).output()?;
    let elixir = PathBuf::from(String::from_utf8(lib.stdout)?);
    let beams = |app: &str| elixir.with_file_name(app).join("ebin");
    let known = built.join("dialyzer.plt");
    let run = |arguments: &[&str], folders: &[PathBuf]| {
        let mut command = program("dialyzer", ["-pa"]);
        // Beams of Elixir are read by a module of Elixir.
        command.arg(beams("elixir")).args(arguments).arg("-r");
        command.args(folders);
        command
    };
    let known_as = known.to_string_lossy();
    if !known.exists() {
        let apps: Vec<&str> = OTP.split(' ').collect();
        let arguments = [
            &["--build_plt", "--output_plt", &known_as, "--apps"],
            &*apps,
        ]
        .concat();
        steps.run(&mut run(
            &arguments,
            &["elixir", "logger", "mix"].map(beams),
        ))?;
    }
    let package = built.join("prod/lib/ex_service_mesh_router/ebin");
    steps.run(&mut run(&["--plt", &known_as], &[package]))
}

/// Where mix builds the package.
fn built() -> Result<PathBuf> {
    Ok(std::path::absolute(target())?.join("package"))
}

fn mix(built: &Path, env: &str, arguments: &[&str]) -> Command {
    let mut command = program("mix", arguments);
    command.current_dir(root().join("elixir"));
    command.env("MIX_ENV", env);
    command.env("MIX_BUILD_PATH", built.join(env));
    command
}

/// Runs compiler and tests on a copy of the package in the tree, which sees nothing outside of itself.
fn test_in(tree: &Path, binary: &Path, steps: &mut Steps) -> Result<()> {
    let place = format!("root/mesh-router-package-{}", std::process::id());
    let copy = Copy(tree.join(&place));
    for read in READ {
        copy_folder(&root().join(read), &copy.0.join(read))?;
    }
    fs::copy(binary, copy.0.join("mesh-router")).with_context(|| binary.display().to_string())?;
    copy_cowboy(tree)?;
    let mix = |env: &str, arguments: &[&str]| {
        let mut command = program("chroot", [tree.as_os_str()]);
        // A folder in the tree, for which `current_dir` would look outside.
        let there = format!("--chdir=/{place}/elixir");
        let set = format!("MIX_ENV={env}");
        let binary = format!("MESH_ROUTER_PATH=/{place}/mesh-router");
        command.args(["env", &there, &set, &binary, "LANG=C.UTF-8", "HOME=/root"]);
        command.arg("mix");
        command.args(arguments);
        command
    };
    steps.run(&mut mix("prod", &["compile", "--warnings-as-errors"]))?;
    steps.run(&mut mix("test", &["test", "--warnings-as-errors"]))
}

/// Puts the installed Cowboy in the same place of the tree, where it stays.
fn copy_cowboy(tree: &Path) -> Result<()> {
    for server in fs::read_dir("/usr/lib/rabbitmq/lib")? {
        let plugins = server?.path().join("plugins");
        for plugin in fs::read_dir(&plugins).into_iter().flatten() {
            let plugin = plugin?;
            let name = plugin.file_name();
            let name = name.to_string_lossy();
            let to = tree.join(plugins.strip_prefix("/")?).join(&*name);
            if !COWBOY.iter().any(|it| name.starts_with(it)) || to.exists() {
                continue;
            }
            if plugin.file_type()?.is_dir() {
                copy_folder(&plugin.path(), &to)?;
            } else {
                fs::create_dir_all(to.with_file_name(""))?;
                fs::copy(plugin.path(), &to)?;
            }
        }
    }
    Ok(())
}

/// A folder that goes with this value.
struct Copy(PathBuf);

impl Drop for Copy {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        if MADE.iter().any(|made| name == *made) {
            continue;
        }
        let (from, to) = (entry.path(), to.join(&name));
        if entry.file_type()?.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to).with_context(|| from.display().to_string())?;
        }
    }
    Ok(())
}
