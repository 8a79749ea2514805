use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_client_has_so_many_and_gets_room_by_leaving() {
    let crowd = Crowd::default();
    let first = crowd.enter(ip("192.0.2.1"), 2).unwrap();
    let _second = crowd.enter(ip("::ffff:192.0.2.1"), 2).unwrap();
    assert!(crowd.enter(ip("192.0.2.1"), 2).is_none());
    // Others don't suffer, and a higher limit holds at once.
    let _other = crowd.enter(ip("192.0.2.2"), 2).unwrap();
    let _third = crowd.enter(ip("192.0.2.1"), 3).unwrap();
    drop(first);
    assert!(crowd.enter(ip("192.0.2.1"), 2).is_none(), "two are left");
    let _fourth = crowd.enter(ip("192.0.2.1"), 3).unwrap();
}

#[test]
fn a_site_of_ipv6_is_one_client() {
    let crowd = Crowd::default();
    let _one = crowd.enter(ip("2001:db8:0:1::1"), 1).unwrap();
    assert!(crowd.enter(ip("2001:db8:0:1:ffff::2"), 1).is_none());
    let _neighbour = crowd.enter(ip("2001:db8:0:2::1"), 1).unwrap();
}

#[test]
fn nothing_is_kept_of_who_has_left() {
    let crowd = Crowd::default();
    for last in 0..=255 {
        crowd.enter([192, 0, 2, last].into(), 1).unwrap();
    }
    assert!(crowd.enter(ip("192.0.2.9"), 0).is_none());
    let known = |shard: &Mutex<HashMap<IpAddr, usize>>| shard.lock().unwrap().len();
    // One who was refused leaves no trace either.
    assert_eq!(crowd.0.counts.iter().map(known).sum::<usize>(), 0);
}
