//! What is handed on, and what is made of it.

use super::{Words, read};
use crate::source::package::message::FromVm;

/// `{hello, 1, #{os_pid => 7}}`, as a frame without its length.
const HELLO: &[u8] = b"\x83\x68\x03\x77\x05hello\x61\x01\x74\0\0\0\x01\x77\x06os_pid\x61\x07";

/// `{report, Seq, []}`.
fn report(seq: u8) -> Vec<u8> {
    [b"\x83\x68\x03\x77\x06report\x61".as_slice(), &[seq, 0x6A]].concat()
}

fn said(frames: &[&[u8]]) -> Words {
    let words = Words::default();
    for frame in frames {
        words.keep(&FromVm::read(frame).unwrap(), frame);
    }
    words
}

#[test]
fn the_hello_and_the_last_report_of_each_are_handed_on() {
    let mut handed = Vec::new();
    said(&[HELLO, &report(1), &report(2)]).add_to(&mut handed);
    // Who has reported nothing is not known for anything.
    said(&[HELLO]).add_to(&mut handed);
    said(&[HELLO, &report(3), b"\x83\x77\x05later"]).add_to(&mut handed);
    let read = read(&handed);
    let shown: Vec<_> = read
        .iter()
        .map(|(hello, it, _)| (hello.os_pid, it.seq))
        .collect();
    assert_eq!(shown, [(7, 2), (7, 3)]);
    // And on again, as they are.
    let mut again = Vec::new();
    read.iter()
        .for_each(|(_, _, words)| words.add_to(&mut again));
    assert_eq!(again, handed);
}

#[test]
fn what_is_cut_or_strange_ends_it_and_no_more() {
    let mut handed = Vec::new();
    said(&[HELLO, &report(1)]).add_to(&mut handed);
    let whole = handed.len();
    said(&[HELLO, &report(2)]).add_to(&mut handed);
    for length in whole..handed.len() {
        assert_eq!(read(&handed[..length]).len(), 1, "{length} bytes");
    }
    assert_eq!(read(b"\0\0\0\x01x").len(), 0);
    assert_eq!(read(b"").len(), 0);
}
