use std::time::Duration;

use routes::{Host, Origin, Subdomains};
use tokio::time::timeout;

use super::*;
use crate::{StaticRoute, StaticTarget, report_static};

/// A report of one route.
fn report(host: &str) -> Report {
    report_static(&[StaticRoute {
        host: Host::parse(host).unwrap(),
        target: StaticTarget::Upstreams(vec![routes::Address::Unix("/run/a.sock".into())]),
        subdomains: Subdomains::One,
        origin: Origin {
            file: "mesh-router.toml".to_owned(),
            line: 1,
        },
    }])
}

fn hosts(published: &Published) -> Vec<&str> {
    let routes = published.snapshot.routes.iter();
    routes.map(|route| route.host.as_str()).collect()
}

/// Waits for a generation; the tests fail rather than hang.
async fn generation(
    receiver: &mut watch::Receiver<Arc<Published>>,
    generation: u64,
) -> Arc<Published> {
    let wanted = receiver.wait_for(|published| published.generation >= generation);
    let published = timeout(Duration::from_secs(5), wanted)
        .await
        .unwrap()
        .unwrap();
    Arc::clone(&published)
}

#[tokio::test]
async fn the_first_publication_is_complete_before_the_registry_runs() {
    let (_registry, _handle, receiver) = Registry::new(
        vec![report("a.test")],
        Rules::default(),
        Settings::default(),
    );
    let published = Arc::clone(&receiver.borrow());
    assert_eq!(published.generation, 1);
    assert_eq!(hosts(&published), ["a.test"]);
}

#[tokio::test]
async fn a_report_replaces_what_its_source_said_before() {
    let (registry, handle, mut receiver) = Registry::new(
        vec![report("a.test")],
        Rules::default(),
        Settings::default(),
    );
    let running = tokio::spawn(registry.run());
    handle.report(report("b.test")).await;
    let published = generation(&mut receiver, 2).await;
    assert_eq!(hosts(&published), ["b.test"]);
    drop(handle);
    timeout(Duration::from_secs(5), running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn what_nobody_would_notice_is_not_published() {
    let (registry, handle, mut receiver) = Registry::new(
        vec![report("a.test")],
        Rules::default(),
        Settings::default(),
    );
    handle.report(report("a.test")).await;
    handle.settings(Settings::default(), Rules::default()).await;
    handle.report(report("b.test")).await;
    drop(handle);
    registry.run().await;
    let published = generation(&mut receiver, 2).await;
    assert_eq!(published.generation, 2);
    assert_eq!(hosts(&published), ["b.test"]);
}

#[tokio::test]
async fn findings_and_settings_are_published_too() {
    let (registry, handle, mut receiver) = Registry::new(
        vec![report("a.test")],
        Rules::default(),
        Settings::default(),
    );
    let table = Arc::clone(&receiver.borrow().snapshot);
    let rules = Rules {
        default: Some("none".to_owned()),
        ..Rules::default()
    };
    handle.settings(Settings::default(), rules.clone()).await;
    let settings = Settings {
        health_path: Some("/up".to_owned()),
        ..Settings::default()
    };
    handle.settings(settings.clone(), rules).await;
    drop(handle);
    registry.run().await;
    let published = generation(&mut receiver, 3).await;
    assert_eq!(published.generation, 3);
    assert_eq!(*published.settings, settings);
    // The table itself is the same.
    assert_eq!(published.snapshot.generation, table.generation);
    assert_eq!(published.snapshot.findings[0].code, "unknown-default");
}

#[tokio::test]
async fn a_handle_outlives_its_registry() {
    let (registry, handle, _receiver) =
        Registry::new(Vec::new(), Rules::default(), Settings::default());
    drop(registry);
    timeout(Duration::from_secs(5), handle.report(report("a.test")))
        .await
        .unwrap();
}

#[tokio::test]
async fn sources_tell_when_they_last_succeeded() {
    let (registry, handle, _receiver) = Registry::new(
        vec![report("a.test")],
        Rules::default(),
        Settings::default(),
    );
    let sources = handle.sources();
    let now = || sources.borrow().clone();
    let [first] = &now()[..] else {
        panic!("{:?}", now())
    };
    assert_eq!((first.source, first.stale), (Source::Static, false));
    assert_eq!(
        (first.successes, first.failures, first.endpoints),
        (1, 0, 1)
    );
    assert!(first.last_success.is_some());
    let mut failed = report("a.test");
    failed.stale = true;
    handle.report(failed).await;
    drop(handle);
    registry.run().await;
    let [later] = &now()[..] else {
        panic!("{:?}", now())
    };
    assert_eq!((later.stale, later.successes, later.failures), (true, 1, 1));
    assert_eq!(later.last_success, first.last_success);
}

#[tokio::test]
async fn whoever_asks_hears_the_generation_after_all_changes_before() {
    let (registry, handle, _receiver) = Registry::new(
        vec![report("a.test")],
        Rules::default(),
        Settings::default(),
    );
    let running = tokio::spawn(registry.run());
    assert_eq!(handle.generation().await, Some(1));
    handle.report(report("b.test")).await;
    assert_eq!(handle.generation().await, Some(2));
    running.abort();
    let _ = running.await;
    assert_eq!(handle.generation().await, None);
}

/// The service of [`report`], and whether its requests wait.
fn is_paused(published: &Published) -> bool {
    published.snapshot.services[0].paused
}

#[tokio::test(start_paused = true)]
async fn a_pause_lasts_until_it_is_ended_or_its_time_is_up() {
    let (registry, handle, mut receiver) = Registry::new(
        vec![report("a.test")],
        Rules::default(),
        Settings::default(),
    );
    tokio::spawn(registry.run());
    let pause = async |service: &str, pause| handle.pause(service.to_owned(), pause).await;
    let long = Pause::Begin(Duration::from_secs(30));
    assert_eq!(pause("a.test", long.clone()).await, Some(Ok(2)));
    assert!(is_paused(&receiver.borrow()));
    // What the sources say and the settings change nothing about it.
    handle.report(report("b.test")).await;
    handle.report(report("a.test")).await;
    handle.settings(Settings::default(), Rules::default()).await;
    let holds = handle.generation().await.unwrap();
    assert!(is_paused(&*generation(&mut receiver, holds).await));
    assert_eq!(pause("a.test", Pause::End).await, Some(Ok(holds + 1)));
    assert!(!is_paused(&receiver.borrow()));

    // Once more, and this time nobody ends it. A second wish replaces the first.
    let began = Instant::now();
    let _first = pause("a.test", long).await;
    let short = Pause::Begin(Duration::from_secs(3));
    assert_eq!(pause("a.test", short).await, Some(Ok(holds + 2)));
    let resumed = generation(&mut receiver, holds + 3).await;
    assert!(!is_paused(&resumed));
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn what_cant_be_paused_or_resumed_is_told() {
    let (registry, handle, receiver) = Registry::new(
        vec![report("a.test"), report("b.test")],
        Rules::default(),
        Settings::default(),
    );
    tokio::spawn(registry.run());
    let told = async |service: &str, pause| {
        let came = handle.pause(service.to_owned(), pause).await.unwrap();
        came.unwrap_err().to_string()
    };
    let second = Duration::from_secs(1);
    assert_eq!(
        told("c.test", Pause::Begin(second)).await,
        "no service is named \"c.test\"; there are: b.test"
    );
    assert_eq!(
        told("c.test", Pause::End).await,
        "no service is named \"c.test\"; there are: b.test"
    );
    assert_eq!(told("b.test", Pause::End).await, "b.test is not paused");
    assert_eq!(receiver.borrow().generation, 1);
}
