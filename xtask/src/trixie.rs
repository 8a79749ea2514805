//! A Debian 13 (trixie) of its own in a folder, for its Elixir 1.18 on OTP 27 beside the system's.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context, Result, bail};

use crate::{
    install::{self, is_root},
    steps::{Steps, program},
};

/// What the tree has besides Debian's minimum.
const PACKAGES: &str = "--include=elixir,erlang-nox";

/// Makes the tree, and prints where it is.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::default();
    let tree = tree(&mut steps)?;
    steps.report();
    println!("{}", tree.display());
    Ok(())
}

/// Returns the tree's folder, and makes it if it is missing; a run that is cut off leaves none that
/// looks complete.
pub(crate) fn tree(steps: &mut Steps) -> Result<PathBuf> {
    let tree = place()?;
    if !is_root() {
        bail!(
            "run this as root: Elixir 1.18 runs by chroot in {}",
            tree.display()
        );
    }
    if is_complete(&tree) {
        name_localhost(&tree)?;
        return Ok(tree);
    }
    install::all(install::FOR_TRIXIE, steps)?;
    let mirror = mirror()?;
    let beside = tree.with_file_name(format!("{FOLDER}.making-{}", process::id()));
    clear_abandoned(&tree);
    fs::create_dir_all(&beside).with_context(|| beside.display().to_string())?;
    let made = make(&mirror, &beside, steps).and_then(|()| keep(&beside, &tree));
    if made.is_err() {
        fs::remove_dir_all(&beside).with_context(|| format!("removing {}", beside.display()))?;
    }
    made?;
    name_localhost(&tree)?;
    Ok(tree)
}

/// debootstrap leaves the tree without a hosts file, where not even `localhost` has an address.
fn name_localhost(tree: &Path) -> Result<()> {
    let hosts = tree.join("etc/hosts");
    if hosts.exists() {
        return Ok(());
    }
    let lines = "127.0.0.1 localhost\n::1 localhost\n";
    fs::write(&hosts, lines).with_context(|| hosts.display().to_string())
}

/// The tree's name in the cache; `e2e/src/tool.rs` looks for it in the same place.
const FOLDER: &str = "trixie";

fn place() -> Result<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|it| it.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME says where caches are")?;
    Ok(cache.join("mesh-router").join(FOLDER))
}

fn is_complete(tree: &Path) -> bool {
    // A link to an absolute path, which leads nowhere from outside, is there all the same.
    tree.join("usr/bin/elixir").symlink_metadata().is_ok()
}

/// The mirror that this Debian is installed from.
fn mirror() -> Result<String> {
    let fields = ["indextargets", "--format", "$(ORIGIN) $(LABEL) $(SITE)"];
    let listed = program("apt-get", fields)
        .output()
        .context("asking apt-get for its mirrors")?;
    let listed = String::from_utf8_lossy(&listed.stdout);
    let mirror = listed
        .lines()
        .find_map(|line| line.strip_prefix("Debian Debian "));
    match mirror {
        Some(mirror) => Ok(mirror.to_owned()),
        None => bail!("apt has no mirror of Debian that debootstrap could use (`apt-get update`?)"),
    }
}

fn make(mirror: &str, beside: &Path, steps: &mut Steps) -> Result<()> {
    let beside = beside.as_os_str();
    let variant = "--variant=minbase".as_ref();
    steps.run(&mut program(
        "debootstrap",
        [
            variant,
            PACKAGES.as_ref(),
            "trixie".as_ref(),
            beside,
            mirror.as_ref(),
        ],
    ))?;
    // It starts, or it is no tree to keep.
    steps.run(&mut program(
        "chroot",
        [beside, "elixir".as_ref(), "--version".as_ref()],
    ))?;
    let archives = Path::new(beside).join("var/cache/apt/archives");
    for archive in fs::read_dir(archives)?.flatten() {
        if archive.path().extension().is_some_and(|it| it == "deb") {
            fs::remove_file(archive.path())?;
        }
    }
    Ok(())
}

/// Gives what is made its name, unless another run was faster.
fn keep(beside: &Path, tree: &Path) -> Result<()> {
    match fs::rename(beside, tree) {
        Err(_) if is_complete(tree) => Ok(fs::remove_dir_all(beside)?),
        renamed => renamed.with_context(|| format!("naming {}", tree.display())),
    }
}

/// Removes what runs that are over left half made.
fn clear_abandoned(tree: &Path) {
    let folder = tree.parent().and_then(|folder| fs::read_dir(folder).ok());
    for entry in folder.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_string_lossy();
        let maker = maker
            .strip_prefix(FOLDER)
            .and_then(|it| it.strip_prefix(".making-"));
        if maker.is_some_and(|id| !Path::new("/proc").join(id).exists())
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            eprintln!("{} stays behind: {error}", entry.path().display());
        }
    }
}
