//! The chunked coding by section of RFC 9112 and RFC 9110. Every case is read whole and in pieces.

use proptest::prelude::*;

use super::*;

/// What came out of a body, and how many bytes it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Read {
    content: Vec<u8>,
    trailers: Vec<u8>,
    taken: usize,
    is_complete: bool,
}

/// Reads `input`, of which each call sees at most the next so many bytes.
fn read(input: &[u8], mut sees: impl FnMut() -> usize) -> Result<Read, ChunkError> {
    let mut chunked = Chunked::default();
    let mut read = Read::default();
    let mut promised = 0;
    loop {
        let rest = &input[read.taken..];
        let seen = &rest[..rest.len().min(sees())];
        let (piece, taken) = chunked.next(seen)?;
        assert!(taken <= seen.len());
        match piece {
            Piece::Size(size) => {
                assert!(size > 0 && promised == 0);
                promised = size;
            }
            Piece::Data(len) => {
                assert!(len > 0 && len == taken);
                promised -= len as u64;
                read.content.extend(&seen[..len]);
            }
            Piece::Trailer => read.trailers.extend(chunked.trailer()),
            Piece::End => {
                assert_eq!(promised, 0);
                assert_eq!(chunked.next(&rest[taken..]), Ok((Piece::End, 0)));
                read.is_complete = true;
            }
            Piece::More => assert_eq!(taken, seen.len()),
        }
        read.taken += taken;
        if read.is_complete || (piece == Piece::More && read.taken == input.len()) {
            return Ok(read);
        }
    }
}

fn read_whole(input: &[u8]) -> Result<Read, ChunkError> {
    let whole = read(input, || usize::MAX);
    assert_eq!(read(input, || 1), whole, "{}", input.escape_ascii());
    whole
}

/// A complete body and nothing behind it.
fn check(input: &[u8], content: &[u8], trailers: &[u8]) {
    let expected = Read {
        content: content.to_vec(),
        trailers: trailers.to_vec(),
        taken: input.len(),
        is_complete: true,
    };
    assert_eq!(read_whole(input), Ok(expected), "{}", input.escape_ascii());
}

fn check_refused(inputs: &[&[u8]]) {
    for input in inputs {
        assert_eq!(
            read_whole(input),
            Err(ChunkError),
            "{}",
            input.escape_ascii()
        );
    }
}

fn check_unfinished(input: &[u8]) {
    let read = read_whole(input);
    assert!(
        read.is_ok_and(|read| !read.is_complete),
        "{}",
        input.escape_ascii()
    );
}

mod s9112_7_1_chunked_transfer_coding {
    use super::*;

    #[test]
    fn chunks_up_to_an_empty_one() {
        check(b"0\r\n\r\n", b"", b"");
        check(b"5\r\nhello\r\n0\r\n\r\n", b"hello", b"");
        check(
            b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
            b"hello world",
            b"",
        );
        check(
            b"A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n",
            &b"0123456789".repeat(2),
            b"",
        );
        check(b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n", b"");
        check(
            b"0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n",
            b"hello",
            b"",
        );
    }

    #[test]
    fn what_follows_is_left_alone() {
        let read = read_whole(b"1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n").unwrap();
        assert!(read.is_complete);
        assert_eq!(read.taken, 11);
    }

    #[test]
    fn each_cut_is_unfinished() {
        let body = b"5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
        for cut in 0..body.len() {
            check_unfinished(&body[..cut]);
        }
    }

    #[test]
    fn a_size_is_hexadecimal_digits() {
        check_refused(&[
            b"\r\n",
            b" 5\r\n",
            b"\t5\r\n",
            b"+5\r\n",
            b"-5\r\n",
            b"0x5\r\n",
            b"5h\r\n",
            b"5.\r\n",
            b"5,\r\n",
            b"5 5\r\n",
            b"5_\r\n",
            b"g\r\n",
            b";a\r\n",
            b"5\0\r\n",
            b"\0",
            b"5\x0b\r\n",
            b"\xef\xbc\x95\r\n",
            b"\"5\"\r\n",
        ]);
    }

    #[test]
    fn a_size_is_bounded() {
        check_refused(&[
            b"00000000000000005\r\n",
            b"10000000000000000\r\n",
            b"FFFFFFFFFFFFFFFF\r\n",
            b"8000000000000000\r\n",
            b"FFFFFFFFFFFFFFFFFFFFFFFF",
        ]);
        let mut chunked = Chunked::default();
        let largest = chunked.next(b"7fffffffffffffff\r\n");
        assert_eq!(largest, Ok((Piece::Size(BODY_BYTES_MAX), 18)));
        assert_eq!(chunked.next(b"abc"), Ok((Piece::Data(3), 3)));
    }

    #[test]
    fn only_crlf_ends_a_line() {
        check_refused(&[
            b"5\nhello\r\n0\r\n\r\n",
            b"5\rhello\r\n0\r\n\r\n",
            b"5\r\rhello\r\n0\r\n\r\n",
            b"5 \r\nhello\r\n0\r\n\r\n",
            b"5\t\r\nhello\r\n0\r\n\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"5\r\nhello\r0\r\n\r\n",
            b"5\r\nhello0\r\n\r\n",
            b"5\r\nhello!\r\n0\r\n\r\n",
            b"5\r\nhello\r\n\r\n0\r\n\r\n",
            b"0\n\r\n",
            b"0\r\n\n",
            b"0\r\n\rX\r\n",
            b"0\r\n\r\r\n",
            b"0\r\n \r\n",
        ]);
    }
}

mod s9112_7_1_1_chunk_extensions {
    use super::*;

    #[test]
    fn are_dropped() {
        check(b"5;a\r\nhello\r\n0;b=c\r\n\r\n", b"hello", b"");
        check(b"5;a=\"b;c\";d\r\nhello\r\n0\r\n\r\n", b"hello", b"");
        check(b"5 \t; a = b\r\nhello\r\n0\r\n\r\n", b"hello", b"");
        check(b"5;\xff\r\nhello\r\n0\r\n\r\n", b"hello", b"");
    }

    #[test]
    fn have_no_controls() {
        check_refused(&[
            b"5;a\nb\r\n",
            b"5;a\rb\r\n",
            b"5;a\0\r\n",
            b"5;\x7f\r\n",
            b"5;\"\n\"\r\n",
            b"5;a\r\r\n",
            b"0;a\n\r\n",
        ]);
    }

    #[test]
    fn are_bounded() {
        let with_extension = |len: usize| [b"1;", &b"x".repeat(len)[..], b"\r\na\r\n"].concat();
        let read = |bytes: &[u8]| read_whole(&[bytes, b"0\r\n\r\n"].concat());
        assert!(read(&with_extension(256)).is_ok());
        assert!(read(&with_extension(257)).is_err());
        assert!(read(&[b"1", &b" ".repeat(300)[..], b";\r\na\r\n"].concat()).is_err());
        // All together: 16 KiB more than twice the content.
        assert!(read(&with_extension(256).repeat(64)).is_ok());
        assert!(read(&with_extension(256).repeat(65)).is_err());
        let chunk = [
            b"80;",
            &b"x".repeat(256)[..],
            b"\r\n",
            &b"a".repeat(128),
            b"\r\n",
        ]
        .concat();
        assert!(read(&chunk.repeat(1000)).is_ok());
    }
}

mod s9112_7_1_2_trailer_section {
    use super::*;

    #[test]
    fn lines_are_given_as_they_came() {
        check(
            b"0\r\nX-Sum: 1\r\nETag:\"a\" \r\n\r\n",
            b"",
            b"X-Sum: 1\r\nETag:\"a\" \r\n",
        );
        check(
            b"1\r\na\r\n0\r\nServer-Timing: a;b\r\n\r\n",
            b"a",
            b"Server-Timing: a;b\r\n",
        );
    }

    #[test]
    fn a_line_is_kept_until_the_next_call() {
        let mut chunked = Chunked::default();
        let bytes = b"0\r\nA: b\r\nVary: c\r\nD: e\r\n\r\n";
        assert_eq!(chunked.next(bytes), Ok((Piece::Trailer, 9)));
        assert_eq!(chunked.trailer(), b"A: b\r\n");
        assert_eq!(chunked.next(&bytes[9..12]), Ok((Piece::More, 3)));
        assert_eq!(chunked.trailer(), b"");
        assert_eq!(chunked.next(&bytes[12..]), Ok((Piece::Trailer, 12)));
        assert_eq!(chunked.trailer(), b"D: e\r\n");
        assert_eq!(chunked.next(b"\r\n"), Ok((Piece::End, 2)));
        assert_eq!(chunked.trailer(), b"");
    }

    #[test]
    fn lines_are_strict() {
        check_refused(&[
            b"0\r\nX : y\r\n\r\n",
            b"0\r\nX: a\r\n b\r\n\r\n",
            b"0\r\n X: a\r\n\r\n",
            b"0\r\nX: a\n\r\n",
            b"0\r\nX: a\rb\r\n\r\n",
            b"0\r\nX: a\0\r\n\r\n",
            b"0\r\n: a\r\n\r\n",
            b"0\r\nX\r\n\r\n",
            b"0\r\nX\xc3\xa9: a\r\n\r\n",
            // Dropped ones too.
            b"0\r\nCookie : a\r\n\r\n",
            b"0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ]);
    }

    #[test]
    fn are_bounded() {
        let body = |line: &[u8], times| [b"0\r\n", &line.repeat(times)[..], b"\r\n"].concat();
        assert!(read_whole(&body(b"X: y\r\n", 64)).is_ok());
        assert!(read_whole(&body(b"X: y\r\n", 65)).is_err());
        assert!(read_whole(&body(b"Vary: y\r\n", 65)).is_err());
        let line = [b"X: ", &b"y".repeat(8185)[..], b"\r\n"].concat();
        assert!(read_whole(&body(&line, 1)).is_ok());
        assert!(read_whole(&body(&[b"X", &line[..]].concat(), 1)).is_err());
        assert!(read_whole(&[b"0\r\n", &b"X".repeat(8193)[..]].concat()).is_err());
    }
}

mod s9110_6_5_1_limitations_on_use_of_trailers {
    use super::*;

    #[test]
    fn what_frames_or_routes_is_refused() {
        check_refused(&[
            b"0\r\nContent-Length: 5\r\n\r\n",
            b"0\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n",
            b"5\r\nhello\r\n0\r\nHOST: a\r\n\r\n",
        ]);
    }

    #[test]
    fn what_a_head_alone_may_say_is_dropped() {
        for name in [
            "TE",
            "Trailer",
            "Connection",
            "Keep-Alive",
            "Upgrade",
            "Proxy-Connection",
            "Expect",
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Anything",
            "X_Forwarded_For",
            "Content_Length",
            "X-Real-IP",
            "Via",
            "X-Request-Id",
            "Authorization",
            "Proxy-Authorization",
            "WWW-Authenticate",
            "Cookie",
            "Set-Cookie",
            "Set_Cookie",
            "Cache-Control",
            "Content-Type",
            "Content-Encoding",
            "Content-Range",
            "Range",
            "If-Match",
            "Location",
            "Max-Forwards",
            "X-Original-URL",
            "X-HTTP-Method-Override",
        ] {
            let body = format!("0\r\nA: b\r\n{name}: 5\r\nC: d\r\n\r\n");
            check(body.as_bytes(), b"", b"A: b\r\nC: d\r\n");
        }
    }
}

mod properties {
    use super::*;

    /// Decodes a body that is there as a whole, as RFC 9112 §7.1.3 describes it: content, kept
    /// trailers, and how many bytes it took; `None` if it is not right or not complete. Bounds are
    /// left out.
    fn naive(input: &[u8]) -> Option<Read> {
        let mut read = Read {
            is_complete: true,
            ..Read::default()
        };
        let line = |from: usize| {
            let rest = &input[from..];
            let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
            let line = &rest[..end];
            let is_clean = line
                .iter()
                .all(|byte| *byte == b'\t' || !byte.is_ascii_control());
            is_clean.then_some((line, from + end + 2))
        };
        loop {
            let (size, next) = line(read.taken)?;
            let digits = size
                .iter()
                .take_while(|byte| byte.is_ascii_hexdigit())
                .count();
            let (digits, extension) = size.split_at(digits);
            let extension = extension.trim_ascii_start();
            if !extension.starts_with(b";") && size.len() > digits.len() {
                return None;
            }
            let size = usize::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
            read.taken = next;
            if size == 0 {
                break;
            }
            read.content
                .extend(input.get(next..next.checked_add(size)?)?);
            read.taken += size;
            if !input[read.taken..].starts_with(b"\r\n") {
                return None;
            }
            read.taken += 2;
        }
        loop {
            let (field, next) = line(read.taken)?;
            if field.is_empty() {
                read.taken = next;
                return Some(read);
            }
            let name = &field[..field.iter().position(|byte| *byte == b':')?];
            let is_token =
                |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
            if name.is_empty() || !name.iter().all(is_token) {
                return None;
            }
            // The generator below knows these names only.
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            if is("host") || is("content-length") {
                return None;
            }
            read.trailers.extend(&input[read.taken..next]);
            read.taken = next;
        }
    }

    fn piece() -> impl Strategy<Value = Vec<u8>> {
        let right = prop_oneof![
            (1..20usize).prop_map(|len| {
                [
                    format!("{len:x}\r\n").as_bytes(),
                    &vec![b'\n'; len],
                    b"\r\n",
                ]
                .concat()
            }),
            (1..20usize).prop_map(|len| {
                [
                    format!("{len:X} ;a=\"b\"\r\n").as_bytes(),
                    &vec![b'0'; len],
                    b"\r\n",
                ]
                .concat()
            }),
            Just(b"0\r\n".to_vec()),
            Just(b"0\r\n\r\n".to_vec()),
            prop::sample::select(vec![
                "X: y\r\n",
                "Host: a\r\n",
                "CONTENT-LENGTH: 5\r\n",
                "\r\n"
            ])
            .prop_map(|line| line.as_bytes().to_vec()),
        ];
        let wrong = prop::sample::select(vec![
            "5",
            "0",
            "a",
            ";",
            " ",
            "\t",
            "\r",
            "\n",
            "\r\n",
            ":",
            "X",
            "-",
            "x",
            "\0",
            "é",
            "5\r\nabcde",
            "0x0\r\n",
        ]);
        prop_oneof![6 => right, 1 => wrong.prop_map(|text| text.as_bytes().to_vec())]
    }

    proptest! {
        #[test]
        fn a_naive_decoder_agrees(
            pieces in prop::collection::vec(piece(), 0..8),
            sees in prop::collection::vec(1..30usize, 1..10),
        ) {
            let input = pieces.concat();
            let whole = read_whole(&input);
            let mut turns = sees.iter().copied().cycle();
            prop_assert_eq!(&read(&input, || turns.next().unwrap_or(1)), &whole);
            match naive(&input) {
                Some(naive) => prop_assert_eq!(whole, Ok(naive)),
                None => prop_assert!(!whole.is_ok_and(|read| read.is_complete)),
            }
        }

        #[test]
        fn any_bytes_end_in_a_verdict(input in any::<Vec<u8>>()) {
            let whole = read_whole(&input);
            prop_assert_eq!(whole.is_ok_and(|read| read.is_complete), naive(&input).is_some());
        }
    }
}
