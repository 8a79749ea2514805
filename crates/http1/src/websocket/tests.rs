//! Frame boundaries (RFC 6455 §5.2).

use proptest::prelude::*;

use super::*;

/// A frame whose length is written in the shortest form.
fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mask = if key.is_some() { 0x80 } else { 0 };
    match payload.len() {
        len @ 0..=125 => bytes.push(mask | u8::try_from(len).unwrap()),
        len @ 126..=0xFFFF => {
            bytes.push(mask | 126);
            bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        len => {
            bytes.push(mask | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    let key = key.inspect(|key| bytes.extend(key)).unwrap_or_default();
    bytes.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

fn followed(bytes: &[u8]) -> Frames {
    let mut frames = Frames::default();
    frames.follow(bytes);
    frames
}

mod s6455_5_2_base_framing_protocol {
    use super::*;

    #[test]
    fn begins_at_a_boundary() {
        assert!(Frames::default().at_boundary());
        assert!(followed(b"").at_boundary());
    }

    #[test]
    fn each_form_of_length_ends_where_it_says() {
        for len in [0, 1, 125, 126, 127, 128, 65535, 65536, 70000] {
            for key in [None, Some([1, 2, 3, 4])] {
                let bytes = frame(0x82, key, &vec![7; len]);
                assert!(followed(&bytes).at_boundary(), "{len} {key:?}");
                assert!(
                    !followed(&bytes[..bytes.len() - 1]).at_boundary(),
                    "{len} {key:?}"
                );
                assert!(
                    !followed(&[&bytes[..], &[0x82]].concat()).at_boundary(),
                    "{len} {key:?}"
                );
            }
        }
    }

    #[test]
    fn longer_forms_than_needed_are_followed() {
        assert!(followed(&[0x82, 126, 0, 1, b'a']).at_boundary());
        assert!(followed(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, b'a']).at_boundary());
    }

    #[test]
    fn a_length_that_can_not_be_loses_the_boundaries() {
        let mut frames = followed(&[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]);
        assert!(!frames.at_boundary());
        frames.follow(&frame(0x88, None, &[3, 232]));
        assert!(!frames.at_boundary());
        assert_eq!(frames.close_code(), None);
    }

    #[test]
    fn the_longest_length_is_followed() {
        let mut frames = followed(&[0x82, 127, 0x7F, 255, 255, 255, 255, 255, 255, 255]);
        frames.follow(&[0; 4096]);
        assert!(!frames.at_boundary());
    }

    proptest! {
        #[test]
        fn boundaries_and_codes_are_found_however_the_bytes_are_split(
            parts in prop::collection::vec((any::<u8>(), any::<Option<[u8; 4]>>(), 0..300usize), 1..6),
            cuts in prop::collection::vec(1..40usize, 1..20),
        ) {
            let mut bytes = Vec::new();
            let mut boundaries = vec![0];
            let mut code = None;
            for (first, key, len) in parts {
                let payload: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
                bytes.extend(frame(first, key, &payload));
                boundaries.push(bytes.len());
                if first & 0x0F == 8 && code.is_none() {
                    code = Some(payload.first_chunk().map_or(0, |code| u16::from_be_bytes(*code)));
                }
            }
            let mut frames = Frames::default();
            let mut at = 0;
            for cut in cuts.iter().cycle() {
                let end = bytes.len().min(at + cut);
                frames.follow(&bytes[at..end]);
                prop_assert_eq!(frames.at_boundary(), boundaries.contains(&end), "at {}", end);
                at = end;
                if at == bytes.len() {
                    break;
                }
            }
            prop_assert_eq!(frames.close_code(), code);
        }

        #[test]
        fn any_bytes_are_followed_the_same_in_any_pieces(bytes in any::<Vec<u8>>(), cut in any::<prop::sample::Index>()) {
            let whole = followed(&bytes);
            let (first, second) = bytes.split_at(cut.index(bytes.len() + 1));
            let mut halves = followed(first);
            halves.follow(second);
            prop_assert_eq!(whole.at_boundary(), halves.at_boundary());
            prop_assert_eq!(whole.close_code(), halves.close_code());
        }
    }
}

mod s6455_5_5_1_close {
    use super::*;

    const KEY: Option<[u8; 4]> = Some([0x37, 0xFA, 0x21, 0x3D]);

    #[test]
    fn the_code_is_read_masked_or_not() {
        assert_eq!(
            followed(&frame(0x88, None, &1012u16.to_be_bytes())).close_code(),
            Some(1012)
        );
        assert_eq!(
            followed(&frame(0x88, KEY, &1001u16.to_be_bytes())).close_code(),
            Some(1001)
        );
        let with_reason = [&1000u16.to_be_bytes()[..], b"bye bye"].concat();
        assert_eq!(
            followed(&frame(0x88, KEY, &with_reason)).close_code(),
            Some(1000)
        );
    }

    #[test]
    fn the_code_is_read_over_any_split() {
        let bytes = frame(0x88, KEY, &1012u16.to_be_bytes());
        for cut in 0..bytes.len() {
            let mut frames = followed(&bytes[..cut]);
            assert_eq!(frames.close_code(), None, "{cut}");
            frames.follow(&bytes[cut..]);
            assert_eq!(frames.close_code(), Some(1012), "{cut}");
        }
    }

    #[test]
    fn no_code_is_0() {
        assert_eq!(followed(&frame(0x88, None, b"")).close_code(), Some(0));
        assert_eq!(followed(&frame(0x88, KEY, b"")).close_code(), Some(0));
        assert_eq!(followed(&frame(0x88, None, &[3])).close_code(), Some(0));
    }

    #[test]
    fn the_first_close_frame_counts() {
        let bytes = [
            frame(0x82, KEY, &[3, 232]),
            frame(0x88, KEY, &1001u16.to_be_bytes()),
            frame(0x88, KEY, &1002u16.to_be_bytes()),
        ];
        let frames = followed(&bytes.concat());
        assert_eq!(frames.close_code(), Some(1001));
        assert!(frames.at_boundary());
        assert_eq!(followed(&bytes[0]).close_code(), None);
    }

    #[test]
    fn a_server_writes_it_unmasked() {
        assert_eq!(close_frame(1012), [0x88, 0x02, 0x03, 0xF4]);
        assert_eq!(followed(&close_frame(1012)).close_code(), Some(1012));
    }
}
