//! Byte classes against the grammar's own words.

use proptest::prelude::*;

use super::*;

fn of_class(class: fn(&[u8]) -> usize) -> Vec<u8> {
    (0..=255).filter(|byte| class(&[*byte]) == 1).collect()
}

mod s9110_5_6_2_tokens {
    use super::*;

    #[test]
    fn tchar_is_what_the_grammar_lists() {
        let listed: Vec<u8> = "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\
                               ^_`abcdefghijklmnopqrstuvwxyz|~"
            .into();
        assert_eq!(of_class(token_len), listed);
    }

    #[test]
    fn a_token_is_not_empty() {
        assert!(is_token(b"close"));
        assert!(!is_token(b""));
        assert!(!is_token(b"a b"));
    }
}

mod s9110_5_5_field_values {
    use super::*;

    #[test]
    fn no_control_but_htab() {
        let listed: Vec<u8> = [b'\t']
            .into_iter()
            .chain(b' '..=b'~')
            .chain(0x80..=0xFF)
            .collect();
        assert_eq!(of_class(value_len), listed);
    }

    #[test]
    fn one_wrong_byte_is_found_wherever_it_stands() {
        for len in 0..40 {
            for at in 0..len {
                for wrong in [0, b'\n', b'\r', 0x1F, 0x7F] {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = wrong;
                    assert_eq!(value_len(&bytes), at, "{wrong:#x} at {at} of {len}");
                }
            }
        }
    }

    #[test]
    fn surrounding_white_space_is_trimmed() {
        let cases: [(&[u8], &[u8]); 6] = [
            (b"", b""),
            (b" \t ", b""),
            (b"a", b"a"),
            (b" a", b"a"),
            (b"a\t", b"a"),
            (b"\t a b \t", b"a b"),
        ];
        for (value, trimmed) in cases {
            assert_eq!(trim(value), trimmed);
        }
    }

    proptest! {
        #[test]
        fn eight_at_a_time_is_one_at_a_time(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(value_len(&bytes), run(&bytes, VALUE));
        }

        // Arbitrary bytes have a control early; these go on for longer.
        #[test]
        fn long_values_too(bytes in prop::collection::vec(
            prop_oneof![40 => 0x20..=0xFFu8, 1 => any::<u8>(), 1 => Just(b'\t')], 0..200,
        )) {
            prop_assert_eq!(value_len(&bytes), run(&bytes, VALUE));
        }
    }
}

mod s9112_3_2_request_target {
    use super::*;

    #[test]
    fn visible_ascii_without_a_fragment() {
        let listed: Vec<u8> = (b'!'..=b'~').filter(|byte| *byte != b'#').collect();
        assert_eq!(of_class(target_len), listed);
    }
}
