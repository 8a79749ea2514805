use proptest::prelude::*;

use super::*;

const VECTORS: &str = include_str!("../testdata/vectors.txt");

/// Reads a column of the vectors; `None` for `-`. Its README says how they are written.
fn column(written: &str) -> Option<String> {
    match written.trim_matches(' ') {
        "-" => return None,
        "\"\"" => return Some(String::new()),
        _ => {}
    }
    let mut text = String::new();
    let mut rest = written.trim_matches(' ').chars();
    while let Some(char) = rest.next() {
        match char {
            '\\' => text.push(match rest.next() {
                Some('s') => ' ',
                Some('t') => '\t',
                Some('n') => '\n',
                Some('0') => '\0',
                other => panic!("no such escape: {other:?} in {written}"),
            }),
            '{' => {
                let digits: String = rest.by_ref().take_while(|char| *char != '}').collect();
                let times: usize = digits.parse().expect("a number between braces");
                let last = text.pop().expect("a character before the brace");
                text.extend(std::iter::repeat_n(last, times));
            }
            char => text.push(char),
        }
    }
    Some(text)
}

#[test]
fn answers_are_those_of_the_vectors() {
    let cases = VECTORS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in cases {
        let columns: Vec<Option<String>> = line.split('|').map(column).collect();
        let [Some(host), base, tenant] = columns.as_slice() else {
            panic!("not a case: {line}");
        };
        let answer = resolve(host, base.as_deref());
        if answer != *tenant {
            wrong.push(format!("{line}: {answer:?}"));
        }
        count += 1;
    }
    assert_eq!(wrong, [""; 0]);
    assert!(count > 80, "only {count} vectors were read");
}

/// Mostly what hosts are made of, so that some are valid.
fn host_like() -> impl Strategy<Value = String> {
    "[a-cA-C0-9._:@é -]{0,24}"
}

/// A label that no IPv4 address has.
fn label() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,20}"
}

proptest! {
    #[test]
    fn any_text_ends_in_one_lower_case_label_or_nothing(
        host in prop_oneof![host_like(), any::<String>()],
        base in prop::option::of(prop_oneof![host_like(), any::<String>()]),
    ) {
        if let Some(tenant) = resolve(&host, base.as_deref()) {
            prop_assert!(is_label(&tenant));
            prop_assert_eq!(tenant.to_ascii_lowercase(), tenant);
        }
    }

    #[test]
    fn a_label_in_front_of_a_base_is_the_tenant(
        tenant in label(),
        base in prop::collection::vec(label(), 1..5),
        port in 1_u16..,
    ) {
        let base = base.join(".");
        let host = format!("{}.{base}.:{port}", tenant.to_uppercase());
        prop_assert_eq!(resolve(&host, Some(&base)), Some(tenant));
        prop_assert_eq!(resolve(&format!("x.{host}"), Some(&base)), None);
        prop_assert_eq!(resolve(&base, Some(&base)), None);
    }

    #[test]
    fn without_a_base_the_first_of_three_labels_is(labels in prop::collection::vec(label(), 1..6)) {
        let tenant = (labels.len() == 3).then(|| labels[0].clone());
        prop_assert_eq!(resolve(&labels.join("."), None), tenant);
    }

    #[test]
    fn both_ways_agree_on_three_labels(labels in prop::collection::vec(label(), 3)) {
        let host = labels.join(".");
        let base = labels[1..].join(".");
        prop_assert_eq!(resolve(&host, None), resolve(&host, Some(&base)));
    }
}
