use std::time::Duration;

use expect_test::expect;

use super::*;

#[test]
fn a_histogram_is_cumulated() {
    let mut durations = Durations {
        method: 0,
        status: 1,
        sum: Duration::from_millis(2504),
        ..Durations::default()
    };
    durations.buckets[0] = 2;
    durations.buckets[2] = 3;
    *durations.buckets.last_mut().unwrap() = 1;
    let mut page = Page::default();
    histogram(&mut page, "seconds", "A.Endpoint", &durations);
    expect![[r#"
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.001"} 2
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.0025"} 2
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.005"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.01"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.025"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.05"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.1"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.25"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="0.5"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="1"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="2.5"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="5"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="10"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="60"} 5
        seconds_bucket{service="A.Endpoint",method="GET",status="2xx",le="+Inf"} 6
        seconds_sum{service="A.Endpoint",method="GET",status="2xx"} 2.504
        seconds_count{service="A.Endpoint",method="GET",status="2xx"} 6
    "#]]
    .assert_eq(&page.0);
}

#[test]
fn labels_are_escaped() {
    let mut page = Page::default();
    page.family("name", "gauge", "What it is.");
    page.sample("name", &[("a", "x\"y\\z\nw"), ("b", "")], 1);
    page.sample("name", &[], 0.25);
    let expected = r#"# HELP name What it is.
# TYPE name gauge
name{a="x\"y\\z\nw",b=""} 1
name 0.25
"#;
    assert_eq!(page.0, expected);
}
