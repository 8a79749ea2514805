//! Cookies, and the files that they are kept in.

use std::{fs, os::unix::fs::PermissionsExt};

use tempfile::NamedTempFile;

use super::{Cookie, CookieError, CookieFile, Strictness};

fn read(content: &[u8], mode: u32, strictness: Strictness) -> Result<CookieFile, CookieError> {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), content).unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
    Cookie::read(file.path(), strictness)
}

#[test]
fn white_space_behind_it_does_not_count() {
    for content in [&b"SECRET"[..], b"SECRET\n", b"SECRET\r\n", b"SECRET  \n\n"] {
        let file = read(content, 0o400, Strictness::Refuse).unwrap();
        assert_eq!(file.cookie.0, "SECRET");
        assert!(!file.is_loose);
    }
}

#[test]
fn what_is_no_cookie_is_refused() {
    let error = |content: &[u8]| {
        let error = read(content, 0o400, Strictness::Refuse).unwrap_err();
        error.to_string()
    };
    assert_eq!(error(b""), "a cookie has at least one character");
    assert_eq!(error(b"\n"), "a cookie has at least one character");
    let characters = "a cookie has no characters but those from `!` to `~`";
    for content in [
        &b" SECRET"[..],
        b"SEC RET",
        b"SEC\nRET\n",
        b"\xc3\xbc",
        b"\xff",
    ] {
        assert_eq!(error(content), characters, "{content:?}");
    }
    let long = "a cookie has at most 255 characters";
    assert_eq!(error(&[b'x'; 256]), long);
    assert_eq!(error(&[b' '; 100_000]), long);
    assert!(read(&[b'x'; 255], 0o400, Strictness::Refuse).is_ok());
}

#[test]
fn a_file_that_others_may_read_is_refused_or_told() {
    for mode in [0o440, 0o404, 0o644, 0o620] {
        let error = read(b"SECRET", mode, Strictness::Refuse).unwrap_err();
        let text = error.to_string();
        let CookieError::Loose(path) = error else {
            panic!("{mode:o}: {text}");
        };
        assert!(
            text.ends_with(&format!("chmod 400 {}", path.display())),
            "{text}"
        );
        let file = read(b"SECRET", mode, Strictness::Warn).unwrap();
        assert!(file.is_loose, "{mode:o}");
    }
    assert!(!read(b"SECRET", 0o600, Strictness::Warn).unwrap().is_loose);
}

#[test]
fn a_credential_seems_to_be_readable_for_a_group() {
    let file = read(b"SECRET", 0o440, Strictness::Credential).unwrap();
    assert!(!file.is_loose);
    for mode in [0o444, 0o442] {
        let error = read(b"SECRET", mode, Strictness::Credential).unwrap_err();
        assert!(matches!(error, CookieError::Loose(_)), "{mode:o}: {error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let missing = std::path::Path::new("/nonexistent/.erlang.cookie");
    let error = Cookie::read(missing, Strictness::Refuse).unwrap_err();
    let expected = "reading the cookie from /nonexistent/.erlang.cookie";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn it_is_never_shown() {
    let file = read(b"SECRET", 0o644, Strictness::Warn).unwrap();
    assert!(!format!("{file:?}").contains("SECRET"));
    assert!(!format!("{:?}", Cookie::new("SEC RET").unwrap_err()).contains("SEC"));
}

/// As `erlang:md5("SECRET" ++ integer_to_list(N))` says.
#[test]
fn digests_are_those_of_otp() {
    let hex = |challenge| {
        let digest = Cookie::new("SECRET").unwrap().digest(challenge);
        digest.map(|byte| format!("{byte:02x}")).concat()
    };
    assert_eq!(hex(0), "0a3f11f348767e1733c6a385cf87440e");
    assert_eq!(hex(u32::MAX), "f335ffb3b43b205ab67645d9cbd55727");
}
