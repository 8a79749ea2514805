//! EPMD's messages, and one that misbehaves.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    EpmdError, Malformed, names, names_answer, names_request, port_answer, port_of, port_request,
};

#[test]
fn requests_are_those_of_the_protocol() {
    assert_eq!(port_request("auth").unwrap(), b"\x00\x05zauth");
    assert_eq!(names_request(), b"\x00\x01n");
    assert_eq!(port_request(&"a".repeat(65_535)), Err(Malformed::Answer));
}

#[test]
fn ports_are_read() {
    // As EPMD of OTP 25 answers: port 36555, a normal node, TCP, versions 6 to 5, its name, no more.
    let answer = b"w\x00\x8e\xcbM\x00\x00\x06\x00\x05\x00\x04auth\x00\x00";
    assert_eq!(port_answer(answer), Ok(Some(36_555)));
    assert_eq!(port_answer(b"w\x01"), Ok(None));
    let old = b"w\x00\x8e\xcbM\x00\x00\x05\x00\x05\x00\x04auth\x00\x00";
    assert_eq!(port_answer(old), Err(Malformed::Version));
    for malformed in [
        &b""[..],
        b"w",
        b"w\x00",
        b"w\x00\x8e\xcbM\x00\x00",
        b"w\x00\x00\x00M\x00\x00\x06\x00\x05",
        b"HTTP/1.1 400 Bad Request\r\n",
    ] {
        assert_eq!(
            port_answer(malformed),
            Err(Malformed::Answer),
            "{malformed:?}"
        );
    }
}

#[test]
fn names_are_read() {
    let node = |name: &str, port| (name.to_owned(), port);
    let answer = b"\x00\x00\x11\x11name auth at port 36555\nname at port at port 1\n";
    assert_eq!(
        names_answer(answer),
        Ok(vec![node("auth", 36_555), node("at port", 1)])
    );
    assert_eq!(names_answer(b"\x00\x00\x11\x11"), Ok(vec![]));
    for malformed in [
        &b""[..],
        b"\x00\x00\x11",
        b"\x00\x00\x11\x11auth",
        b"\x00\x00\x11\x11name auth at port 65536\n",
        b"\x00\x00\x11\x11name \xff at port 1\n",
        b"HTTP/1.1 400 Bad Request\r\n",
    ] {
        assert_eq!(
            names_answer(malformed),
            Err(Malformed::Answer),
            "{malformed:?}"
        );
    }
}

/// Answers one connection so, and closes if `closes`.
async fn epmd(answer: Vec<u8>, closes: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // Closing with unread bytes would reset the connection.
        let mut request = vec![0; stream.read_u16().await.unwrap().into()];
        stream.read_exact(&mut request).await.unwrap();
        let _ = stream.write_all(&answer).await;
        if !closes {
            std::future::pending::<()>().await;
        }
    });
    port
}

#[tokio::test]
async fn an_answer_may_be_nonsense() {
    let port = epmd(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), true).await;
    let error = names("127.0.0.1", port).await.unwrap_err();
    let expected = format!("127.0.0.1:{port} does not answer as EPMD does");
    assert_eq!(error.to_string(), expected);
    let port = epmd(b"w\x01".to_vec(), true).await;
    assert_eq!(port_of("127.0.0.1", port, "auth").await.unwrap(), None);
}

#[tokio::test]
async fn an_answer_may_be_endless() {
    let line = b"name auth at port 36555\n".repeat(10_000);
    let port = epmd([&b"\x00\x00\x11\x11"[..], &line].concat(), false).await;
    // Cut in the middle of a line.
    let error = names("127.0.0.1", port).await.unwrap_err();
    assert!(matches!(error, EpmdError::Answer { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_may_never_come() {
    let port = epmd(Vec::new(), false).await;
    let error = names("127.0.0.1", port).await.unwrap_err();
    let EpmdError::Unreachable { source, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(source.kind(), std::io::ErrorKind::TimedOut);
}
