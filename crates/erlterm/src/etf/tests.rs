//! Bytes of real nodes, bytes that nobody should send, and there and back.

use std::borrow::Cow;

use proptest::prelude::*;

use super::{
    DecodeError, Opaque, OpaqueKind, Pid, Reference, TERMS_MAX, TermRef, VERSION, decode,
    decode_frame, encode,
};
use crate::DEPTH_MAX;

/// Lines `name: hex`, written by `erlang:term_to_binary/1,2`: testdata/README.md says how.
const FIXTURES: &str = include_str!("../../testdata/terms.hex");

/// 2^2048 - 1.
const LARGE: &str = "\
    3231700607131100730071487668866995196044410266971548403213034542752465\
    5138867890893197201411522913463688717960921898019494119559150490921095\
    0881523864482831206308773673009960917501977503896521067960576383840675\
    6827679221864261975616183809433847617047058164585203630504288757589154\
    1065808607552399123930385521914333389668342420684974786564569494856176\
    0353263220580778056593310261927084603141502585928641771167259436037184\
    6185735759835115230164590440369761323328723122712568471082020972515710\
    1726931323469678542580656697935045997268352998638215525166389437335543\
    602135433229604645318478604952148193555853611059596230655";

fn fixture(name: &str) -> Vec<u8> {
    let line = FIXTURES
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("no fixture {name}"));
    let pairs = line.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn atom(name: &str) -> TermRef<'_> {
    TermRef::Atom(Cow::Borrowed(name))
}

fn numbers(numbers: impl IntoIterator<Item = i64>) -> TermRef<'static> {
    TermRef::List(numbers.into_iter().map(TermRef::Integer).collect())
}

#[test]
fn what_real_nodes_write_is_read() {
    let check = |name: &str, expected: TermRef<'_>| {
        let bytes = fixture(name);
        assert_eq!(decode(&bytes), Ok(expected), "{name}");
    };
    check("atom", atom("ok"));
    check("atom_utf8", atom("Größe"));
    check("atom_latin1", atom("Größe"));
    check("atom_cyrillic", atom("адрес"));
    check("atom_255", atom(&"å".repeat(255)));
    check("small", TermRef::Integer(255));
    check("negative", TermRef::Integer(-1));
    check("int_max", TermRef::Integer(i64::MAX));
    check("int_min", TermRef::Integer(i64::MIN));
    check("float", TermRef::Float(-1.5e300));
    check("float_text", TermRef::Float(0.1));
    check("nil", TermRef::List(Vec::new()));
    check("string", numbers([104, 105]));
    check("list", numbers([1, 256, -7]));
    check("binary", TermRef::Binary(b"auth.local"));
    check(
        "tuple",
        TermRef::Tuple(vec![atom("local"), TermRef::Binary(b"/run/a")]),
    );
    check("tuple_300", TermRef::Tuple(vec![atom("x"); 300]));
    check(
        "map",
        TermRef::Map(vec![(atom("host"), TermRef::Binary(b"auth.local"))]),
    );
    check(
        "keywords",
        TermRef::List(vec![
            TermRef::Tuple(vec![atom("port"), TermRef::Integer(4001)]),
            TermRef::Tuple(vec![
                atom("ip"),
                TermRef::Tuple(vec![TermRef::Integer(0); 4]),
            ]),
        ]),
    );
}

#[test]
fn processes_and_references_keep_their_parts() {
    let bytes = fixture("pid");
    let Ok(TermRef::Pid(pid)) = decode(&bytes) else {
        panic!("{:?}", decode(&bytes));
    };
    assert_eq!(pid.node, "fixture@localhost");
    assert_ne!(pid.creation, 0);
    let bytes = fixture("reference");
    let Ok(TermRef::Reference(reference)) = decode(&bytes) else {
        panic!("{:?}", decode(&bytes));
    };
    assert_eq!(reference.node, "fixture@localhost");
    assert!(reference.words().len() >= 3);
}

#[test]
fn newer_nodes_have_longer_references_and_a_local_format() {
    let words = |name: &str| match decode(&fixture(name)) {
        Ok(TermRef::Reference(made)) => (made.node.clone().into_owned(), made.words().to_vec()),
        other => panic!("{name}: {other:?}"),
    };
    let node = "loc27@localhost".to_owned();
    let alias = vec![0x3af6e, 0x98b9_0002, 0xcf5a_71ff, 0x503, 0];
    assert_eq!(words("reference_5"), (node, alias));
    let made = vec![0x3af69, 0x98b8_0002, 0xcf5a_71ff];
    assert_eq!(words("local_reference"), (String::new(), made));
    let us = Pid {
        node: Cow::Borrowed(""),
        id: 10,
        serial: 0,
        creation: 0,
    };
    let local = TermRef::Tuple(vec![atom("a"), TermRef::Pid(us), numbers([1, 2])]);
    assert_eq!(decode(&fixture("local")), Ok(local));
}

#[test]
fn what_is_kept_owns_its_parts() {
    let check = |name: &str, expected: &str| {
        let bytes = fixture(name);
        assert_eq!(
            decode(&bytes).unwrap().to_term().to_string(),
            expected,
            "{name}"
        );
    };
    check("keywords", "[port: 4001, ip: {0, 0, 0, 0}]");
    check("map", "%{host: \"auth.local\"}");
    check("float", "-1.5e300");
    check("big", "18446744073709551616");
    check("improper", "#Erlang<[1|2]>");
    check("bitstring", "#Erlang<<<5:3>>>");
    check("export", "#Erlang<fun lists:map/2>");
    check("fun", "#Erlang<#Fun<>>");
    check("port_v4", "#Erlang<#Port<>>");
    check(
        "local_reference",
        "#Erlang<#Ref<.241513.2562195458.3478811135>>",
    );
    let pid = decode(&fixture("local")).unwrap().to_term().to_string();
    assert_eq!(pid, "{:a, #Erlang<<.10.0>>, [1, 2]}");

    let show = |bytes: &[u8]| {
        let bytes = [&[VERSION], bytes].concat();
        decode(&bytes).unwrap().to_term().to_string()
    };
    // -(2^64), and the largest that is read, 2^2048 - 1.
    assert_eq!(
        show(b"n\x09\x01\0\0\0\0\0\0\0\0\x01"),
        "-18446744073709551616"
    );
    let large = show(&[&[111, 0, 0, 1, 0, 0][..], &[0xff; 256]].concat());
    assert_eq!(large, LARGE);
    // An improper list of any length has a short text.
    let long = [&b"l\0\0\x01\0"[..], &[97, 1].repeat(256), &[97, 2]].concat();
    assert_eq!(show(&long), "#Erlang<[...|...]>");
    let listed = match decode(&fixture("improper")) {
        Ok(TermRef::Opaque(opaque)) => opaque.improper_list().map(|(items, _)| items.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(listed, Some(1));
}

#[test]
fn what_nobody_looks_into_is_kept_as_it_came() {
    for (name, kind) in [
        ("big", OpaqueKind::Integer),
        ("improper", OpaqueKind::ImproperList),
        ("bitstring", OpaqueKind::Bitstring),
        ("port", OpaqueKind::Port),
        ("port_v4", OpaqueKind::Port),
        ("fun", OpaqueKind::Fun),
        ("export", OpaqueKind::Export),
    ] {
        let bytes = fixture(name);
        let term = decode(&bytes).unwrap();
        let expected = TermRef::Opaque(Opaque {
            kind,
            bytes: bytes.get(1..).unwrap(),
        });
        assert_eq!(term, expected, "{name}");
        let mut again = Vec::new();
        encode(&term, &mut again).unwrap();
        assert_eq!(again, bytes, "{name}");
    }
}

#[test]
fn what_was_not_agreed_on_is_refused() {
    let refused = |name: &str| decode(&fixture(name)).unwrap_err();
    assert_eq!(refused("compressed"), DecodeError::Tag(80));
    assert_eq!(decode(&[VERSION, 82, 0]), Err(DecodeError::Tag(82)));
    assert_eq!(decode(&[VERSION, 68, 0]), Err(DecodeError::Tag(68)));
    // A node's local format comes at the start alone.
    let nested = [VERSION, 104, 1, 121, 0, 0, 0, 0, 106];
    assert_eq!(decode(&nested), Err(DecodeError::Tag(121)));
    assert_eq!(decode(&[VERSION, 121, 0]), Err(DecodeError::Truncated));
    assert_eq!(decode(&[130, 106]), Err(DecodeError::Version(130)));
    assert_eq!(decode(&[]), Err(DecodeError::Truncated));
    assert_eq!(decode(&[VERSION, 106, 106]), Err(DecodeError::Trailing));
}

/// A header of six bytes may tell of four thousand million elements.
#[test]
fn told_lengths_are_not_believed() {
    for tag in [105, 108, 109, 111, 116, 77, 112] {
        let hostile = [VERSION, tag, 255, 255, 255, 255, 0, 0];
        assert!(decode(&hostile).is_err(), "{tag}");
    }
    // Each level claims all the bytes that are left: room for all of them would be a hundred times
    // the input.
    let mut hostile = vec![VERSION];
    for left in (0..200_u32).rev() {
        hostile.extend_from_slice(&[108]);
        hostile.extend_from_slice(&(left * 5).to_be_bytes());
    }
    hostile.resize(hostile.len() + 5000, 106);
    assert_eq!(decode(&hostile), Err(DecodeError::Truncated));
}

#[test]
fn depth_and_number_are_bounded() {
    let nested = |depth: usize| {
        let mut bytes = vec![VERSION];
        bytes.extend([104, 1].repeat(depth));
        bytes.push(106);
        bytes
    };
    assert!(decode(&nested(DEPTH_MAX - 1)).is_ok());
    assert_eq!(decode(&nested(DEPTH_MAX)), Err(DecodeError::TooDeep));
    let mut many = vec![VERSION, 108];
    many.extend(u32::try_from(TERMS_MAX).unwrap().to_be_bytes());
    many.resize(many.len() + TERMS_MAX + 1, 106);
    assert_eq!(decode(&many), Err(DecodeError::TooLarge));
}

#[test]
fn malformed_parts_are_refused() {
    for malformed in [
        // An atom that is no UTF-8.
        &[VERSION, 119, 1, 0xff][..],
        // NaN.
        &[VERSION, 70, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
        // A process of the node `1`.
        &[VERSION, 88, 97, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        // A reference without words, and one with six.
        &[VERSION, 90, 0, 0, 119, 1, b'a', 0, 0, 0, 0],
        &[VERSION, 90, 0, 6, 119, 1, b'a', 0, 0, 0, 0],
        // A function shorter than its own length.
        &[VERSION, 112, 0, 0, 0, 3],
        // Nine bits in the last byte.
        &[VERSION, 77, 0, 0, 0, 1, 9, 0],
    ] {
        assert_eq!(
            decode(malformed),
            Err(DecodeError::Malformed),
            "{malformed:?}"
        );
    }
}

#[test]
fn a_frame_holds_two_terms() {
    let mut bytes = Vec::new();
    encode(&atom("control"), &mut bytes).unwrap();
    encode(&TermRef::Integer(7), &mut bytes).unwrap();
    let (control, rest) = decode_frame(&bytes).unwrap();
    assert_eq!(control, atom("control"));
    assert_eq!(decode_frame(rest), Ok((TermRef::Integer(7), &[][..])));
    assert_eq!(decode(&bytes), Err(DecodeError::Trailing));
}

#[test]
fn a_list_may_be_written_in_pieces() {
    // [1 | [2]]
    let bytes = [VERSION, 108, 0, 0, 0, 1, 97, 1, 108, 0, 0, 0, 1, 97, 2, 106];
    assert_eq!(decode(&bytes), Ok(numbers([1, 2])));
}

fn term() -> impl Strategy<Value = TermRef<'static>> {
    let name = prop_oneof!["[a-zA-ZäöüÅ@_. ]{0,12}", Just("é".repeat(200))];
    let node = "[a-z]{1,8}@[a-z]{1,8}";
    let leaf = prop_oneof![
        name.prop_map(|name| TermRef::Atom(name.into())),
        any::<i64>().prop_map(TermRef::Integer),
        (-300_i64..300).prop_map(TermRef::Integer),
        (-1e300..1e300).prop_map(TermRef::Float),
        Just(TermRef::Binary(b"a binary")),
        (node, any::<[u32; 3]>()).prop_map(|(node, [id, serial, creation])| {
            TermRef::Pid(Pid {
                node: node.into(),
                id,
                serial,
                creation,
            })
        }),
        (
            node,
            any::<u32>(),
            prop::collection::vec(any::<u32>(), 1..=5)
        )
            .prop_map(|(node, creation, words)| {
                TermRef::Reference(Reference::new(node.into(), creation, &words).unwrap())
            }),
    ];
    leaf.prop_recursive(5, 60, 12, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..12).prop_map(TermRef::List),
            prop::collection::vec(inner.clone(), 0..12).prop_map(TermRef::Tuple),
            prop::collection::vec((inner.clone(), inner), 0..8).prop_map(TermRef::Map),
        ]
    })
}

proptest! {
    #[test]
    fn there_and_back(term in term()) {
        let mut bytes = Vec::new();
        encode(&term, &mut bytes).unwrap();
        prop_assert_eq!(decode(&bytes).unwrap(), term);
    }

    #[test]
    fn no_bytes_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        let _ = decode(&[&[VERSION][..], &bytes].concat());
    }

    /// Bytes that are nearly terms come further than noise does.
    #[test]
    fn no_damage_harms(term in term(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = Vec::new();
        encode(&term, &mut bytes).unwrap();
        let at = at.index(bytes.len());
        *bytes.get_mut(at).unwrap() = byte;
        let _ = decode(&bytes);
        prop_assert!(decode(bytes.get(..at).unwrap()).is_err());
    }
}
