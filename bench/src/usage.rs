//! What a process and its children take: processor time and memory, from `/proc`.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

/// Returns the nanoseconds that a process, its threads and its children have run.
///
/// Each thread's `schedstat` counts what it ran itself; `/proc/PID/schedstat` is only the main one.
pub(crate) fn nanoseconds(process: u32) -> Result<u64> {
    let mut sum = 0;
    for process in family(process)? {
        for thread in fs::read_dir(format!("/proc/{process}/task"))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let ran = text.split(' ').next().unwrap_or_default();
            sum += ran
                .parse::<u64>()
                .with_context(|| format!("schedstat says {text:?}"))?;
        }
    }
    Ok(sum)
}

/// Returns the milliseconds that all children which have ended ran, theirs included. The kernel counts
/// in nanoseconds and tells hundredths of a second, so a difference of sums over many runs is exact
/// where a single one isn't.
pub(crate) fn milliseconds_of_ended() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The name, in brackets, may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("stat has no name")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = fields.get(13..15).context("stat is too short")?;
    let ticks: Result<Vec<f64>, _> = ticks.iter().map(|ticks| ticks.parse::<f64>()).collect();
    Ok(10.0 * ticks?.iter().sum::<f64>())
}

/// Returns the bytes that a process and its children hold in memory.
pub(crate) fn resident_bytes(process: u32) -> Result<u64> {
    let mut sum = 0;
    for process in family(process)? {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        sum += 1024 * kibibytes.context("no VmRSS")?.trim().parse::<u64>()?;
    }
    Ok(sum)
}

/// Returns how many descriptors a process has open.
pub(crate) fn files(process: u32) -> Result<usize> {
    let open = fs::read_dir(format!("/proc/{process}/fd"))?;
    Ok(open.count())
}

/// Pins a process and the threads that it will start to one core.
pub(crate) fn pin(process: u32, core: usize) -> Result<()> {
    let output = Command::new("taskset")
        .args([
            "--all-tasks",
            "--cpu-list",
            "--pid",
            &core.to_string(),
            &process.to_string(),
        ])
        .output()
        .context("running taskset")?;
    ensure!(
        output.status.success(),
        "taskset: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Returns how many files a process may open.
pub(crate) fn open_files_max() -> Result<usize> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let soft = line
        .and_then(|line| line.split_whitespace().next())
        .context("no such limit")?;
    Ok(soft.parse().unwrap_or(usize::MAX))
}

/// A process and all below it.
fn family(process: u32) -> Result<Vec<u32>> {
    let mut family = vec![process];
    let mut next = 0;
    while let Some(process) = family.get(next).copied() {
        next += 1;
        let tasks = Path::new("/proc").join(process.to_string()).join("task");
        for task in fs::read_dir(tasks).with_context(|| format!("process {process} is gone"))? {
            let children = fs::read_to_string(task?.path().join("children"))?;
            family.extend(
                children
                    .split_whitespace()
                    .filter_map(|it| it.parse::<u32>().ok()),
            );
        }
    }
    Ok(family)
}
