//! Names, known and disguised.

use super::*;

fn check(name: &str, id: Name) {
    assert_eq!(Name::of(name.as_bytes()), id, "{name}");
}

#[test]
fn each_known_name_stands_in_the_row_of_its_length() {
    for (len, row) in KNOWN.iter().enumerate() {
        for (name, id) in *row {
            assert_eq!(name.len(), len, "{id:?}");
            assert_eq!(name.to_ascii_lowercase(), *name, "{id:?}");
        }
    }
}

#[test]
fn each_known_name_is_recognised_in_any_case_and_disguise() {
    for (name, id) in KNOWN.into_iter().flatten() {
        assert_eq!(Name::of(name), *id);
        assert_eq!(Name::of(&name.to_ascii_uppercase()), *id);
        if let Some(at) = name.iter().rposition(|byte| *byte == b'-') {
            let mut disguised = name.to_vec();
            disguised[at] = b'_';
            assert_eq!(Name::of(&disguised), Name::Disguised, "{id:?}");
        }
    }
}

#[test]
fn x_forwarded_is_a_family() {
    check("X-Forwarded-For", Name::XForwardedFor);
    check("x-forwarded-ssl", Name::XForwardedOther);
    check("X-FORWARDED-PREFIX", Name::XForwardedOther);
    check("X-Forwarded-", Name::XForwardedOther);
    check(
        "X-Forwarded-With-A-Name-Longer-Than-Any-Other",
        Name::XForwardedOther,
    );
    check("X-Forwarded", Name::Other);
    check("Y-Forwarded-For", Name::Other);
}

#[test]
fn underscores_disguise() {
    check("X_Forwarded_For", Name::Disguised);
    check("X-Forwarded_For", Name::Disguised);
    check("CONTENT_LENGTH", Name::Disguised);
    check("transfer_encoding", Name::Disguised);
    check(
        "X_Forwarded_With_A_Name_Longer_Than_Any_Other",
        Name::Disguised,
    );
    check("X_Forwarded-", Name::Disguised);
    check("User_Agent", Name::Disguised);
}

#[test]
fn near_names_are_others() {
    for name in [
        "",
        "_",
        "Hos",
        "Hosts",
        "H0st",
        "_Host",
        "Host_",
        "Connection_",
        "Content--Length",
    ] {
        check(name, Name::Other);
    }
    check("x_my_field", Name::Other);
    check("content_length_of_a_name_that_goes_on", Name::Other);
}
