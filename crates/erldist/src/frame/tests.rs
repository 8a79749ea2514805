//! Frames, in pieces and of any length.

use proptest::prelude::*;

use super::{FRAME_BYTES_MAX, Frame, Frames, Width, write};

/// A frame without its borrow.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cut {
    Tick,
    Whole(Vec<u8>),
    Oversized(usize, Vec<u8>),
}

fn cut(frames: &mut Frames, mut input: &[u8]) -> Vec<Cut> {
    let mut found = Vec::new();
    while let Some(frame) = frames.next(&mut input) {
        found.push(match frame {
            Frame::Tick => Cut::Tick,
            Frame::Whole(bytes) => Cut::Whole(bytes.into_owned()),
            Frame::Oversized { length, head } => Cut::Oversized(length, head),
        });
    }
    assert!(input.is_empty(), "all is taken");
    found
}

fn whole(bytes: &[u8]) -> Cut {
    Cut::Whole(bytes.to_vec())
}

#[test]
fn lengths_have_two_or_four_bytes() {
    let two = b"\x00\x03sok\x00\x00\x00\x01s";
    assert_eq!(
        cut(&mut Frames::of_handshake(Width::Two), two),
        [whole(b"sok"), Cut::Tick, whole(b"s")]
    );
    let four = b"\x00\x00\x00\x03sok\x00\x00\x00\x00\x00\x00\x00\x01s";
    for mut frames in [Frames::of_handshake(Width::Four), Frames::of_link(64)] {
        assert_eq!(
            cut(&mut frames, four),
            [whole(b"sok"), Cut::Tick, whole(b"s")]
        );
    }
    let mut out = Vec::new();
    write(Width::Two, b"sok", &mut out);
    write(Width::Four, b"sok", &mut out);
    assert_eq!(out, b"\x00\x03sok\x00\x00\x00\x03sok");
}

#[test]
fn a_frame_comes_when_it_is_whole() {
    let mut frames = Frames::of_link(64);
    for piece in [&b"\x00"[..], b"\x00\x00", b"\x04a", b"", b"bc"] {
        assert_eq!(cut(&mut frames, piece), []);
    }
    assert_eq!(cut(&mut frames, b"d\x00"), [whole(b"abcd")]);
}

#[test]
fn a_larger_one_is_passed_over() {
    let mut frames = Frames::of_link(4);
    let input = b"\x00\x00\x00\x06abcdef\x00\x00\x00\x01x";
    let expected = [Cut::Oversized(6, b"abcd".to_vec()), whole(b"x")];
    assert_eq!(cut(&mut frames, input), expected);
    // Its head may come late, its rest later.
    let pieces = [
        &b"\x00\x00\x00\x06ab"[..],
        b"cd",
        b"e",
        b"f\x00\x00\x00\x01x",
    ];
    let found: Vec<Cut> = pieces.iter().flat_map(|it| cut(&mut frames, it)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_giant_length_takes_no_memory() {
    let mut frames = Frames::of_link(FRAME_BYTES_MAX);
    assert_eq!(cut(&mut frames, &[0xff; 4 + 1023]), []);
    let found = cut(&mut frames, &[0xff; 1_000_000]);
    let head = vec![0xff; 1024];
    assert_eq!(found, [Cut::Oversized(u32::MAX as usize, head)]);
    // In a handshake it is told at once.
    let mut frames = Frames::of_handshake(Width::Two);
    assert_eq!(
        cut(&mut frames, b"\x10\x01"),
        [Cut::Oversized(4097, vec![])]
    );
    let mut frames = Frames::of_handshake(Width::Two);
    assert_eq!(cut(&mut frames, b"\x10\x00"), []);
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        bytes in prop::collection::vec(prop_oneof![3 => Just(0), 1 => 0_u8..9], 0..200),
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        width in prop_oneof![Just(Width::Two), Just(Width::Four)],
    ) {
        for make in [|_| Frames::of_link(5), Frames::of_handshake] {
            let expected = cut(&mut make(width), &bytes);
            let mut cuts: Vec<usize> = at.iter().map(|it| it.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut frames = make(width);
            let pieces = cuts.windows(2).map(|it| bytes.get(it[0]..it[1]).unwrap());
            let found: Vec<Cut> = pieces.flat_map(|it| cut(&mut frames, it)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
