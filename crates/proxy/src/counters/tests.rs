use super::*;

fn record(method: &'static [u8], status: u16, reason: Reason, ms: u64) -> Record<'static> {
    Record {
        request_id: "",
        trace_id: "",
        client_ip: None,
        method,
        scheme: "http",
        host: "",
        path: b"/",
        version: "HTTP/1.1",
        status,
        reason,
        slot: Some(2),
        attempts: 1,
        duration: Duration::from_millis(ms),
        upstream: None,
        held: Duration::ZERO,
        bytes_in: 10,
        bytes_out: 100,
        user_agent: b"",
        upgrade: false,
        close_code: None,
    }
}

#[test]
fn workers_are_summed_by_service_method_and_class() {
    let workers = [WorkerCounters::new(2, 8), WorkerCounters::new(2, 8)];
    for worker in &workers {
        worker.finished(&record(b"GET", 200, Reason::Ok, 1));
        worker.finished(&record(b"GET", 204, Reason::Ok, 2));
        worker.open[1].add(3);
    }
    workers[1].finished(&record(b"BREW", 502, Reason::ConnectRefused, 120_000));
    let sum = Counters::sum(workers.iter());
    assert_eq!((sum.requests, sum.connections_open), (5, 6));
    assert_eq!(sum.connections_open_by_listener, [0, 6]);
    let [(2, service)] = &sum.services[..] else {
        panic!("{:?}", sum.services)
    };
    assert_eq!((service.bytes_in, service.bytes_out), (50, 500));
    assert_eq!(service.by_reason(Reason::ConnectRefused), 1);
    let [get, other] = &service.durations[..] else {
        panic!("{:?}", service.durations)
    };
    assert_eq!(
        (METHODS[get.method], STATUS_CLASSES[get.status]),
        ("GET", "2xx")
    );
    assert_eq!(
        (METHODS[other.method], STATUS_CLASSES[other.status]),
        ("OTHER", "5xx")
    );
    assert_eq!(
        (get.buckets[0], get.buckets[1]),
        (2, 2),
        "a bound belongs to its bucket"
    );
    assert_eq!(other.buckets[BUCKETS - 1], 1);
    assert_eq!(get.sum, Duration::from_millis(6));
}

#[test]
fn websockets_are_counted_by_service_and_node() {
    let workers = [WorkerCounters::new(1, 8), WorkerCounters::new(1, 8)];
    let one = workers[0].websockets.open(2, Some("auth@a"));
    let _two = workers[1].websockets.open(2, Some("auth@a"));
    let _three = workers[1].websockets.open(2, None);
    let key = |node: Option<&str>| (2, node.map(ToOwned::to_owned));
    let sum = Counters::sum(workers.iter());
    assert_eq!(sum.websockets, 3);
    let expected = [(key(None), 1), (key(Some("auth@a")), 2)];
    assert_eq!(sum.websockets_by_node, BTreeMap::from(expected));
    one.less();
    let sum = Counters::sum(workers.iter());
    assert_eq!(sum.websockets_by_node[&key(Some("auth@a"))], 1);
    assert_eq!(sum.services[0].1.websockets, 2);
}

#[test]
fn what_no_service_had_is_counted_apart() {
    let worker = WorkerCounters::new(1, 2);
    worker.finished(&Record {
        slot: None,
        ..record(b"GET", 404, Reason::NoRoute, 1)
    });
    worker.finished(&Record {
        slot: Some(99),
        ..record(b"GET", 200, Reason::Ok, 1)
    });
    worker.panicked(None);
    let sum = Counters::sum([&worker].into_iter());
    assert_eq!((sum.no_route, sum.panics), (1, 1));
    assert_eq!(
        sum.unrouted.requests(),
        3,
        "a slot beyond the last counts here"
    );
    assert!(sum.services.is_empty());
}

#[test]
fn a_second_attempt_is_a_retry() {
    let worker = WorkerCounters::new(1, 8);
    for attempts in [0, 1, 2] {
        worker.finished(&Record {
            attempts,
            ..record(b"GET", 200, Reason::Ok, 1)
        });
    }
    assert_eq!(Counters::sum([&worker].into_iter()).retries, 1);
}

#[test]
fn workers_do_not_share_a_cache_line() {
    assert_eq!(align_of::<WorkerCounters>() % 128, 0);
}

#[test]
fn reasons_are_indexed_by_their_discriminants() {
    assert!(
        Reason::ALL
            .iter()
            .enumerate()
            .all(|(index, reason)| *reason as usize == index)
    );
}
