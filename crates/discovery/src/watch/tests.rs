use std::{fs, os::unix::fs::symlink, path::Path, sync::Arc};

use routes::{Origin, Published, Rules, Settings, Source};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::*;
use crate::{
    Registry, open,
    tests::{UMBRELLA, development, project, shown, write, write_app},
};

fn finding(line: u32) -> Finding {
    Finding {
        code: "broken",
        severity: Severity::Error,
        origin: Some(Origin {
            file: "config/dev.exs".to_owned(),
            line,
        }),
        message: "it doesn't parse".to_owned(),
        fix: String::new(),
    }
}

/// A report that `mark` tells from others.
fn report(mark: u32) -> Report {
    Report {
        source: Source::Config,
        stale: false,
        endpoints: Vec::new(),
        findings: vec![Finding {
            code: "mark",
            ..finding(mark)
        }],
    }
}

fn reading(mark: u32, broken: Option<Finding>) -> Reading {
    Reading {
        report: report(mark),
        broken,
        facts: Vec::new(),
        declared_ports: Vec::new(),
        settings: Vec::new(),
        watched: Vec::new(),
    }
}

/// The last good report and why it is old.
fn kept(mark: u32, broken: Finding) -> Report {
    let mut report = report(mark);
    report.stale = true;
    report.findings.push(broken);
    report
}

#[test]
fn a_broken_project_keeps_its_last_good_report() {
    let mut state = Kept::new(report(1), None);
    assert_eq!(state.next(reading(1, None)), None);
    assert_eq!(state.next(reading(2, None)), Some(report(2)));
    assert_eq!(
        state.next(reading(3, Some(finding(7)))),
        Some(kept(2, finding(7)))
    );
    assert_eq!(state.next(reading(4, Some(finding(7)))), None);
    assert_eq!(
        state.next(reading(4, Some(finding(8)))),
        Some(kept(2, finding(8)))
    );
    assert_eq!(state.next(reading(2, None)), Some(report(2)));
}

#[test]
fn a_project_broken_from_the_start_gives_what_can_be_read() {
    let mut state = Kept::new(report(1), Some(finding(7)));
    assert_eq!(state.next(reading(2, Some(finding(7)))), Some(report(2)));
    assert_eq!(state.next(reading(3, None)), Some(report(3)));
    assert_eq!(
        state.next(reading(4, Some(finding(7)))),
        Some(kept(3, finding(7)))
    );
}

/// A watched umbrella and what the registry publishes of it.
struct Watched {
    root: TempDir,
    published: watch::Receiver<Arc<Published>>,
    tasks: [JoinHandle<()>; 2],
}

impl Watched {
    fn start() -> Self {
        let root = project(&[
            ("mix.exs", UMBRELLA),
            (
                "config/config.exs",
                "import Config\nimport_config \"#{config_env()}.exs\"\n",
            ),
            ("config/dev.exs", &dev(4001)),
        ]);
        write_app(
            root.path(),
            "apps/auth_web/",
            "auth_web",
            "AuthWeb.Endpoint",
        );
        let asked = development(root.path());
        let opened = open(&asked.wanted);
        let first = opened.read(&asked.how);
        let (registry, handle, published) = Registry::new(
            vec![first.report.clone()],
            Rules::default(),
            Settings::default(),
        );
        let tasks = [
            tokio::spawn(registry.run()),
            tokio::spawn(watch_project(
                opened.again(),
                asked.how,
                first,
                handle,
                Arc::default(),
            )),
        ];
        Self {
            root,
            published,
            tasks,
        }
    }

    fn root(&self) -> &Path {
        self.root.path()
    }

    /// Waits until the table, and all that is said of it, is like this.
    async fn until(&mut self, is_so: impl Fn(&str) -> bool) {
        let wanted = self.published.wait_for(|it| is_so(&shown(&it.snapshot)));
        let is_late = timeout(Duration::from_secs(5), wanted).await.is_err();
        assert!(
            !is_late,
            "still {}",
            shown(&self.published.borrow().snapshot)
        );
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn dev(port: u16) -> String {
    format!(
        "import Config\nconfig :auth_web, AuthWeb.Endpoint, http: [port: {port}], check_origin: false\n"
    )
}

#[tokio::test]
async fn a_save_changes_the_table() {
    let mut watched = Watched::start();
    // Whatever has changed before the watch began is seen by its first reading.
    write(watched.root(), "config/dev.exs", &dev(4002));
    watched
        .until(|table| table.contains("127.0.0.1:4002"))
        .await;
    let saved = Instant::now();
    write(watched.root(), "config/dev.exs", &dev(4003));
    watched
        .until(|table| table.contains("127.0.0.1:4003"))
        .await;
    // The figure is what users are promised; the deadline above is what the test holds.
    println!("{:?} from the save to the table", saved.elapsed());
}

#[tokio::test]
async fn editors_that_rename_are_followed_again_and_again() {
    let mut watched = Watched::start();
    for port in [4002, 4003, 4004] {
        let temporary = watched.root().join("config/4913");
        fs::write(&temporary, dev(port)).unwrap();
        fs::rename(temporary, watched.root().join("config/dev.exs")).unwrap();
        watched
            .until(|table| table.contains(&format!("127.0.0.1:{port}")))
            .await;
    }
}

#[tokio::test]
async fn editors_that_keep_a_backup_are_followed_again_and_again() {
    let mut watched = Watched::start();
    let (file, backup) = (
        watched.root().join("config/dev.exs"),
        watched.root().join("config/dev.exs~"),
    );
    for port in [4002, 4003, 4004] {
        // As vim does: for a moment the file is not there.
        fs::rename(&file, &backup).unwrap();
        fs::write(&file, dev(port)).unwrap();
        fs::remove_file(&backup).unwrap();
        watched
            .until(|table| table.contains(&format!("127.0.0.1:{port}")))
            .await;
    }
}

#[tokio::test]
async fn a_file_behind_a_link_is_followed() {
    let mut watched = Watched::start();
    let shared = project(&[("dev.exs", &dev(4002))]);
    let file = watched.root().join("config/dev.exs");
    fs::remove_file(&file).unwrap();
    symlink(shared.path().join("dev.exs"), &file).unwrap();
    watched
        .until(|table| table.contains("127.0.0.1:4002"))
        .await;
    write(shared.path(), "dev.exs", &dev(4003));
    watched
        .until(|table| table.contains("127.0.0.1:4003"))
        .await;
    write(shared.path(), "new.exs", &dev(4004));
    fs::rename(shared.path().join("new.exs"), shared.path().join("dev.exs")).unwrap();
    watched
        .until(|table| table.contains("127.0.0.1:4004"))
        .await;
}

#[tokio::test]
async fn a_link_on_the_way_that_moves_is_followed() {
    let mut watched = Watched::start();
    let shared = project(&[("v1/dev.exs", &dev(4002)), ("v2/dev.exs", &dev(4003))]);
    let (current, file) = (
        shared.path().join("current"),
        watched.root().join("config/dev.exs"),
    );
    symlink("v1", &current).unwrap();
    fs::remove_file(&file).unwrap();
    symlink(current.join("dev.exs"), &file).unwrap();
    watched
        .until(|table| table.contains("127.0.0.1:4002"))
        .await;
    // As `ln -sfn` and deployments do; the old folder stays.
    let new = shared.path().join("new");
    symlink("v2", &new).unwrap();
    fs::rename(new, current).unwrap();
    watched
        .until(|table| table.contains("127.0.0.1:4003"))
        .await;
}

#[tokio::test]
async fn a_link_to_nothing_is_followed_until_something_is_there() {
    let mut watched = Watched::start();
    let shared = project(&[]);
    let file = watched.root().join("config/dev.exs");
    fs::remove_file(&file).unwrap();
    symlink(shared.path().join("below/dev.exs"), &file).unwrap();
    watched.until(|table| !table.contains("4001")).await;
    write(shared.path(), "below/dev.exs", &dev(4002));
    watched
        .until(|table| table.contains("127.0.0.1:4002"))
        .await;
}

#[tokio::test]
async fn a_config_folder_behind_a_link_is_followed() {
    let mut watched = Watched::start();
    let main = "import Config\nimport_config \"#{config_env()}.exs\"\n";
    let shared = project(&[
        ("v1/config.exs", main),
        ("v1/dev.exs", &dev(4002)),
        ("v2/config.exs", main),
        ("v2/dev.exs", &dev(4003)),
    ]);
    let config = watched.root().join("config");
    fs::remove_dir_all(&config).unwrap();
    symlink(shared.path().join("v1"), &config).unwrap();
    watched
        .until(|table| table.contains("127.0.0.1:4002"))
        .await;
    fs::remove_file(&config).unwrap();
    symlink(shared.path().join("v2"), &config).unwrap();
    watched
        .until(|table| table.contains("127.0.0.1:4003"))
        .await;
    write(shared.path(), "v2/dev.exs", &dev(4004));
    watched
        .until(|table| table.contains("127.0.0.1:4004"))
        .await;
}

#[tokio::test]
async fn a_broken_file_keeps_the_table_until_it_is_mended() {
    let mut watched = Watched::start();
    write(
        watched.root(),
        "config/dev.exs",
        "import Config\nconfig :auth_web, [\n",
    );
    watched.until(|table| table.contains("Error ")).await;
    watched
        .until(|table| table.contains("127.0.0.1:4001"))
        .await;
    write(watched.root(), "config/dev.exs", &dev(4002));
    watched
        .until(|table| table.contains("127.0.0.1:4002") && !table.contains("Error "))
        .await;
}

#[tokio::test]
async fn a_new_application_is_found() {
    let mut watched = Watched::start();
    write_app(watched.root(), "apps/shop/", "shop", "ShopWeb.Endpoint");
    watched
        .until(|table| table.contains("shop.localhost"))
        .await;
    fs::remove_dir_all(watched.root().join("apps/shop")).unwrap();
    watched
        .until(|table| !table.contains("shop.localhost"))
        .await;
}

#[tokio::test]
async fn folders_that_are_exchanged_are_followed() {
    let mut watched = Watched::start();
    let (config, old) = (watched.root().join("config"), watched.root().join("old"));
    fs::rename(&config, &old).unwrap();
    fs::create_dir(&config).unwrap();
    fs::copy(old.join("config.exs"), config.join("config.exs")).unwrap();
    fs::write(config.join("dev.exs"), dev(4002)).unwrap();
    watched
        .until(|table| table.contains("127.0.0.1:4002"))
        .await;
    fs::write(config.join("dev.exs"), dev(4003)).unwrap();
    watched
        .until(|table| table.contains("127.0.0.1:4003"))
        .await;
}

#[tokio::test]
async fn a_config_folder_that_is_removed_and_made_anew_is_followed() {
    let mut watched = Watched::start();
    let config = watched.root().join("config");
    for port in [4002, 4003] {
        fs::remove_dir_all(&config).unwrap();
        // A project without a configuration is one, to Mix too.
        watched.until(|table| table.contains("no `http:`")).await;
        let main = "import Config\nimport_config \"#{config_env()}.exs\"\n";
        write(watched.root(), "config/config.exs", main);
        write(watched.root(), "config/dev.exs", &dev(port));
        watched
            .until(|table| table.contains(&format!("127.0.0.1:{port}")))
            .await;
    }
}

/// When a project is read whose files change at these milliseconds.
#[track_caller]
fn check_rest(changes: &[u64], expected: &[u64]) {
    let start = Instant::now();
    let at = |ms: u64| start + Duration::from_millis(ms);
    let mut readings = Vec::new();
    let mut rest: Option<Rest> = None;
    for &change in changes {
        if let Some(ended) = rest
            .as_ref()
            .map(Rest::end)
            .filter(|end| *end <= at(change))
        {
            readings.push(ended);
            rest = None;
        }
        rest.get_or_insert_with(|| Rest::since(at(change)))
            .changed(at(change));
    }
    readings.extend(rest.as_ref().map(Rest::end));
    let expected: Vec<Instant> = expected.iter().map(|ms| at(*ms)).collect();
    assert_eq!(readings, expected, "{changes:?}");
}

#[test]
fn many_changes_are_read_once_when_they_rest() {
    check_rest(&[0], &[50]);
    check_rest(&[0, 10, 20], &[70]);
    check_rest(&[0, 60], &[50, 110]);
    // A branch switch: a file every 3 ms, for most of a second.
    let switch: Vec<u64> = (0..300).map(|file| 3 * file).collect();
    check_rest(&switch, &[947]);
}

#[test]
fn what_never_rests_is_read_all_the_same() {
    let restless: Vec<u64> = (0..=210).map(|change| 10 * change).collect();
    check_rest(&restless, &[1000, 2000, 2150]);
}

#[tokio::test]
async fn polling_sees_saves_too() {
    let root = project(&[("a", "1")]);
    let path = root.path().join("a");
    let missing = root.path().join("b");
    let mut watcher = Watcher::polling();
    assert!(watcher.follow(&[path.clone(), missing.clone()]));
    assert!(!watcher.follow(&[path.clone(), missing.clone()]));
    for path in [path, missing] {
        fs::write(path, "22").unwrap();
        timeout(Duration::from_secs(5), watcher.changed())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn polling_tells_of_a_save_between_reading_and_looking() {
    let root = project(&[("a", "1")]);
    let path = root.path().join("a");
    let mut watcher = Watcher::polling();
    watcher.follow(std::slice::from_ref(&path));
    fs::write(&path, "22").unwrap();
    watcher.follow(std::slice::from_ref(&path));
    timeout(Duration::from_secs(5), watcher.changed())
        .await
        .unwrap();
}
