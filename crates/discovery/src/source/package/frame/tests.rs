//! Frames, however the bytes come.

use super::{FRAME_BYTES_MAX, Frames, TooLong, framed};

fn all(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let (mut frames, mut found) = (Frames::default(), Vec::new());
    for piece in pieces {
        frames.feed(piece);
        while let Some(frame) = frames.take().unwrap() {
            found.push(frame.to_vec());
        }
    }
    found
}

#[test]
fn frames_come_out_as_they_went_in_whatever_the_pieces() {
    let sent: [&[u8]; 4] = [b"first", b"", b"x", &[7; 1000]];
    let bytes: Vec<u8> = sent.iter().flat_map(|frame| framed(frame)).collect();
    for size in [1, 2, 3, 5, 7, 1000, bytes.len()] {
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        assert_eq!(all(&pieces), sent, "in pieces of {size}");
    }
}

#[test]
fn a_frame_of_the_bound_is_taken_and_one_byte_more_is_not() {
    let largest = framed(&vec![1; FRAME_BYTES_MAX]);
    assert_eq!(all(&[&largest])[0].len(), FRAME_BYTES_MAX);
    let mut frames = Frames::default();
    let announced = u32::try_from(FRAME_BYTES_MAX + 1).unwrap();
    // The length alone is enough to refuse it.
    frames.feed(&announced.to_be_bytes());
    assert_eq!(frames.take(), Err(TooLong(announced)));
}

#[test]
fn the_room_of_a_large_frame_is_given_back() {
    let mut frames = Frames::default();
    frames.feed(&framed(&vec![1; FRAME_BYTES_MAX]));
    assert!(frames.take().unwrap().is_some());
    frames.feed(&framed(b"small"));
    assert!(frames.bytes.capacity() < FRAME_BYTES_MAX / 2);
    assert_eq!(frames.take(), Ok(Some(b"small".as_slice())));
}
