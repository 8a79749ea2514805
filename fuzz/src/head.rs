//! What the targets for heads have in common: reading in pieces, and a second opinion on framing.

use http1::{Body, Field, FramingError, HeadError, HeadLimits, Version};

/// Small, so that they are reached.
pub const LIMITS: HeadLimits = HeadLimits {
    head: 2048,
    headers: 32,
    uri: 256,
};

/// A head as values.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// The words of the start line: method and target, or status and reason.
    pub start: [Vec<u8>; 2],
    /// The protocol version.
    pub version: Version,
    /// Names and values.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// How many bytes it took.
    pub len: usize,
    /// How its body is delimited.
    pub body: Result<Body, FramingError>,
}

/// Returns names and values of `fields`, and checks that their lines are whole and in a row.
#[must_use]
pub fn values(buf: &[u8], fields: &[Field], len: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut end = len - b"\r\n".len();
    for field in fields.iter().rev() {
        assert_eq!(field.line.range().end, end);
        assert!(field.line.of(buf).ends_with(b"\r\n"));
        assert!(field.name.start == field.line.start && field.value.end < field.line.end);
        end = field.line.range().start;
    }
    fields
        .iter()
        .map(|field| (field.name.of(buf).to_vec(), field.value.of(buf).to_vec()))
        .collect()
}

/// Reads a head whole and byte by byte, checks that the verdicts are one, and returns what it is.
///
/// A fault of an unfinished head may be told late, but it may not turn into another one.
pub fn read(
    bytes: &[u8],
    parse: impl Fn(&[u8], &mut usize) -> Result<Option<Head>, HeadError>,
) -> Option<Head> {
    let whole = parse(bytes, &mut 0);
    let mut scanned = 0;
    let dripped = (1..=bytes.len())
        .map(|len| parse(&bytes[..len], &mut scanned))
        .find(|told| *told != Ok(None))
        .unwrap_or(Ok(None));
    if dripped != whole {
        assert!(
            dripped == Ok(None) && whole.is_err(),
            "whole: {whole:?}, dripped: {dripped:?}"
        );
    }
    whole.unwrap_or_default()
}

/// Checks a decision on framing against the fields it came from: one plain field of one kind.
///
/// `Body::None` of a response is for its target to judge.
pub fn check_framing(head: &Head) {
    let all = |name: &str| -> Vec<&[u8]> {
        let fields = head.fields.iter();
        fields
            .filter(|(other, _)| other.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
            .collect()
    };
    let (lengths, codings) = (all("content-length"), all("transfer-encoding"));
    match head.body {
        Ok(Body::Length(length)) => {
            assert!(codings.is_empty() && lengths.len() == 1);
            assert!(lengths[0].iter().all(u8::is_ascii_digit));
            let text = std::str::from_utf8(lengths[0]).expect("digits are UTF-8");
            assert_eq!(text.parse::<i64>().ok(), i64::try_from(length).ok());
        }
        Ok(Body::Chunked) => {
            assert!(lengths.is_empty() && codings.len() == 1);
            assert!(codings[0].eq_ignore_ascii_case(b"chunked"));
            assert_eq!(head.version, Version::Http11);
        }
        Ok(Body::Close) => assert!(lengths.is_empty() && codings.is_empty()),
        Ok(Body::None) => assert!(lengths.len() + codings.len() <= 1),
        Err(_) => assert!(lengths.len() + codings.len() > 0),
    }
}

/// Checks `fields` against what httparse read.
pub fn check_fields(fields: &[(Vec<u8>, Vec<u8>)], theirs: &[httparse::Header<'_>]) {
    assert_eq!(fields.len(), theirs.len());
    for ((name, value), theirs) in fields.iter().zip(theirs) {
        assert_eq!(name.as_slice(), theirs.name.as_bytes());
        assert_eq!(value.as_slice(), theirs.value);
    }
}
