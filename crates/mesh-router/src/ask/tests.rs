use super::*;

fn options() -> Options {
    Options::default()
}

#[test]
fn an_address_may_be_a_link() {
    for given in [
        "127.0.0.1:9900",
        "http://127.0.0.1:9900",
        "http://127.0.0.1:9900/",
    ] {
        let found = Running::find(Some(given), &options()).unwrap();
        assert_eq!(found.address.to_string(), "127.0.0.1:9900", "{given}");
    }
    let found = Running::find(Some("unix:/run/admin.sock"), &options()).unwrap();
    assert_eq!(found.address.to_string(), "unix:/run/admin.sock");
    let error = Running::find(Some("9900"), &options()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--admin: \"9900\" is not an address, write \"127.0.0.1:9900\""
    );
}

#[test]
fn a_listener_on_all_addresses_is_reached_on_loopback() {
    let check = |address: &str, expected: &str| {
        assert_eq!(reached(address.parse().unwrap()).to_string(), expected);
    };
    check("0.0.0.0:4010", "127.0.0.1:4010");
    check("[::]:4010", "[::1]:4010");
    check("10.0.0.7:4010", "10.0.0.7:4010");
}

#[test]
fn the_words_of_a_problem_are_its_detail() {
    let answer = |status: u16, text: &str| Answer {
        status,
        text: text.to_owned(),
    };
    let problem = answer(
        422,
        r#"{"title":"Unprocessable","status":422,"detail":"a.toml:1: no"}"#,
    );
    assert_eq!(
        (problem.is_good(), problem.words()),
        (false, "a.toml:1: no".to_owned())
    );
    assert_eq!(answer(200, "ready\n").words(), "ready");
}
