use proptest::{collection::vec, prelude::*};

use crate::Term;

fn pair(key: &str, value: Term) -> Term {
    Term::Tuple(vec![Term::atom(key), value])
}

#[test]
fn a_keyword_list_holds_pairs_with_atom_keys_alone() {
    let port = pair("port", Term::Integer(4000));
    assert!(Term::List(vec![]).is_keyword());
    assert!(Term::List(vec![port.clone()]).is_keyword());
    assert!(!Term::List(vec![Term::atom("inet6"), port.clone()]).is_keyword());
    assert!(
        !Term::List(vec![Term::Tuple(vec![
            Term::text("port"),
            Term::Integer(1)
        ])])
        .is_keyword()
    );
    assert!(!port.is_keyword());
}

#[test]
fn get_takes_the_first_and_passes_over_what_is_no_pair() {
    let list = Term::List(vec![
        Term::atom("inet6"),
        pair("port", Term::Integer(1)),
        pair("port", Term::Integer(2)),
    ]);
    assert_eq!(list.get("port"), Some(&Term::Integer(1)));
    assert_eq!(list.get("inet6"), None);
    assert_eq!(Term::atom("port").get("port"), None);
}

#[test]
fn text_is_a_binary_or_a_charlist() {
    let charlist = Term::List(vec![Term::Integer(104), Term::Integer(105)]);
    assert_eq!(charlist.to_text().as_deref(), Some("hi"));
    assert_eq!(Term::text("hi").to_text().as_deref(), Some("hi"));
    assert_eq!(Term::List(vec![]).to_text(), None);
    assert_eq!(Term::List(vec![Term::Integer(-1)]).to_text(), None);
    assert_eq!(Term::Binary(vec![0xff]).to_text(), None);
}

#[test]
fn atoms_are_booleans_modules_or_nil() {
    assert_eq!(Term::atom("true").as_bool(), Some(true));
    assert_eq!(Term::atom("nil").as_bool(), None);
    assert!(Term::atom("nil").is_nil());
    assert_eq!(Term::atom("Elixir.A.B").as_module(), Some("A.B"));
    assert_eq!(Term::atom("cowboy").as_module(), None);
}

fn terms() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        ".*".prop_map(Term::Atom),
        any::<i64>().prop_map(Term::Integer),
        any::<f64>().prop_map(Term::Float),
        vec(any::<u8>(), 0..8).prop_map(Term::Binary),
        ".*".prop_map(Term::Opaque),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Term::List),
            vec(inner.clone(), 0..6).prop_map(Term::Tuple),
            vec((inner.clone(), inner), 0..4).prop_map(Term::Map),
        ]
    })
}

proptest! {
    #[test]
    fn every_term_has_a_text_form_on_one_line(term in terms()) {
        let text = term.to_string();
        prop_assert!(!text.is_empty() || term == Term::Opaque(String::new()));
        prop_assert!(!text.contains('\n'));
    }
}
