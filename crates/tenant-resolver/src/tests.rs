use proptest::prelude::*;

use super::*;

const VECTORS: &str = include_str!("../testdata/vectors.txt");

/// Reads a column of the vectors; `None` for `-`. Its README says how they are written.
fn column(written: &str) -> Option<Vec<u8>> {
    let written = written.trim_matches(' ');
    match written {
        "-" => return None,
        "\"\"" => return Some(Vec::new()),
        _ => {}
    }
    let mut bytes = Vec::new();
    // Where the last character begins, which braces repeat.
    let mut last = 0;
    let mut rest = written.chars();
    while let Some(char) = rest.next() {
        match char {
            '\\' => {
                last = bytes.len();
                bytes.push(escape(&mut rest, written));
            }
            '{' => {
                let digits: String = rest.by_ref().take_while(|char| *char != '}').collect();
                let times: usize = digits.parse().expect("a number between braces");
                let repeated = bytes.split_off(last).repeat(times);
                bytes.extend(repeated);
            }
            char => {
                last = bytes.len();
                bytes.extend(char.to_string().bytes());
            }
        }
    }
    Some(bytes)
}

fn escape(rest: &mut std::str::Chars<'_>, written: &str) -> u8 {
    match rest.next() {
        Some('s') => b' ',
        Some('t') => b'\t',
        Some('n') => b'\n',
        Some('r') => b'\r',
        Some('0') => b'\0',
        Some('p') => b'|',
        Some('\\') => b'\\',
        Some('{') => b'{',
        Some('x') => {
            let digits: String = rest.by_ref().take(2).collect();
            u8::from_str_radix(&digits, 16).expect("two hexadecimal digits behind \\x")
        }
        other => panic!("no such escape: {other:?} in {written}"),
    }
}

#[test]
fn answers_are_those_of_the_vectors() {
    let cases = VECTORS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in cases {
        let columns: Vec<Option<Vec<u8>>> = line.split('|').map(column).collect();
        let [Some(host), base, tenant] = columns.as_slice() else {
            panic!("not a case: {line}");
        };
        let answer = resolve(host, base.as_deref()).map(String::into_bytes);
        if answer != *tenant {
            wrong.push(format!("{line}: {answer:?}"));
        }
        count += 1;
    }
    assert_eq!(wrong, [""; 0]);
    assert!(count > 300, "only {count} vectors were read");
}

/// Mostly what hosts are made of, so that some are valid.
fn host_like() -> impl Strategy<Value = Vec<u8>> {
    "[a-cA-C0-9._:@é -]{0,24}".prop_map(String::into_bytes)
}

/// A label that no IPv4 address has.
fn label() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,20}"
}

proptest! {
    #[test]
    fn any_bytes_end_in_one_lower_case_label_or_nothing(
        host in prop_oneof![host_like(), any::<Vec<u8>>()],
        base in prop::option::of(prop_oneof![host_like(), any::<Vec<u8>>()]),
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
        let resolve = |host: &str| resolve(host.as_bytes(), Some(base.as_bytes()));
        prop_assert_eq!(resolve(&host), Some(tenant));
        prop_assert_eq!(resolve(&format!("x.{host}")), None);
        prop_assert_eq!(resolve(&base), None);
    }

    #[test]
    fn without_a_base_the_first_of_three_labels_is(labels in prop::collection::vec(label(), 1..6)) {
        let tenant = (labels.len() == 3).then(|| labels[0].clone());
        prop_assert_eq!(resolve(labels.join(".").as_bytes(), None), tenant);
    }

    #[test]
    fn both_ways_agree_on_three_labels(labels in prop::collection::vec(label(), 3)) {
        let host = labels.join(".");
        let base = labels[1..].join(".");
        let with_base = resolve(host.as_bytes(), Some(base.as_bytes()));
        prop_assert_eq!(resolve(host.as_bytes(), None), with_base);
    }
}
