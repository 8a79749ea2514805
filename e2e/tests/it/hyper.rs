//! Our parser beside hyper's, on the requests of the cases: where ours accepts, hyper reads the same, and
//! where hyper alone accepts, it is known why.

use std::{collections::BTreeMap, convert::Infallible, sync::mpsc, time::Duration};

use e2e::bytes::{Case, Step, cases};
use http_body_util::{BodyExt, Empty};
use http1::{Body, Chunked, HeadLimits, Parsed, Piece, RequestHead, parse_request, request_body};
use hyper::{
    Request, Response, body::Bytes, body::Incoming, server::conn::http1 as server,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

/// A request as a reader took it: method, target, content.
type Taken = (String, String, Vec<u8>);

/// Why the two differ, and on which cases.
const EXPLAINED: &[(&str, &[&str])] = &[
    (
        "hyper takes LF for a line's end, and skips any number of empty lines",
        &[
            "start-line/bare-lf",
            "first-bytes/two-empty-lines",
            "first-bytes/lf",
            "line-end/lf-behind-field",
            "line-end/lf-for-empty-line",
            "line-end/lf-everywhere",
            "line-end/lf-cr",
            "content-length/behind-bare-lf",
            "transfer-encoding/behind-bare-lf",
            "desync/te-te-behind-bare-lf",
            "desync/injected-bare-lf",
            "desync/injected-in-target",
        ],
    ),
    (
        "hyper has other bounds",
        &[
            "start-line/long-method",
            "chunk-size/17-digits",
            "limit/field",
        ],
    ),
    (
        "hyper takes targets apart, which is for `exchange` to do here",
        &[
            "target/caret",
            "target/angles",
            "target/query-alone",
            "target/scheme-alone",
            "target/no-authority",
            "target/nothing-behind-scheme",
            "target/no-slashes",
            "absolute-form/backslash",
        ],
    ),
    (
        "hyper writes the absolute form anew",
        &[
            "absolute-form/no-path",
            "absolute-form/no-path-but-query",
            "absolute-form/upper-case-scheme",
            "absolute-form/at-in-query",
            "method/options-absolute",
        ],
    ),
    (
        "hyper drops fragments, and takes UTF-8",
        &["target/fragment", "target/utf-8", "absolute-form/fragment"],
    ),
    (
        "hyper takes equal lengths as one, and any number of digits",
        &["content-length/20-digits", "content-length/two-equal"],
    ),
    (
        "hyper looks at the last coding alone, and lets it override a length",
        &[
            "transfer-encoding/twice",
            "transfer-encoding/comma-before",
            "transfer-encoding/identity-first",
            "transfer-encoding/gzip-first",
            "transfer-encoding/deflate-first",
            "transfer-encoding/unknown-first",
            "transfer-encoding/two-lines",
            "transfer-encoding/identity-two-lines",
            "transfer-encoding/unknown-two-lines",
            "transfer-encoding/length-first",
            "transfer-encoding/length-last",
            "transfer-encoding/length-zero",
            "transfer-encoding/length-short",
            "transfer-encoding/length-long",
            "desync/cl-te",
            "desync/cl-te-turned",
            "desync/te-cl",
            "desync/te-cl-turned",
            "desync/te-te-tab-before-value",
            "desync/te-te-list-before",
            "desync/te-te-comma",
            "desync/te-te-identity-and-chunked",
            "desync/te-te-empty-and-chunked",
            "desync/te-te-upper-case",
            "desync/te-te-turned-case",
        ],
    ),
    (
        "hyper allows white space behind a chunk's size, and any byte but CR and LF in extensions",
        &[
            "chunk-size/space-behind",
            "chunk-size/tab-behind",
            "chunk-extension/nul",
            "chunk-extension/control",
        ],
    ),
    (
        "hyper takes any trailers",
        &[
            "trailer/content-length",
            "trailer/transfer-encoding",
            "trailer/host",
            "desync/trailer-with-length",
        ],
    ),
];

#[test]
fn what_both_accept_they_read_alike() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut differing = BTreeMap::new();
    for (case, bytes) in requests() {
        let (ours, theirs) = (ours(&bytes), runtime.block_on(hypers(&bytes)));
        if ours != theirs {
            differing.insert(case.name, (ours, theirs));
        }
    }
    let explained = EXPLAINED.iter().flat_map(|(_, names)| *names);
    for name in explained {
        assert!(
            differing.remove(*name).is_some(),
            "{name} differs no longer"
        );
    }
    assert!(differing.is_empty(), "not explained: {differing:#?}");
}

/// The cases that are one request and nothing else.
fn requests() -> Vec<(Case, Vec<u8>)> {
    let one = |case: Case| match &case.steps[..] {
        [Step::Send(bytes)] => Some((case.clone(), bytes.clone())),
        _ => None,
    };
    let all = cases::all().into_iter();
    all.filter(|case| case.replies.is_empty() && case.class() != "pipeline")
        .filter_map(one)
        .collect()
}

fn ours(bytes: &[u8]) -> Option<Taken> {
    let limits = HeadLimits {
        head: 64 * 1024,
        headers: 200,
        uri: 16 * 1024,
    };
    let mut head = RequestHead::default();
    let parsed = parse_request(bytes, &mut 0, &limits, &mut head).ok()?;
    if parsed == Parsed::Partial {
        return None;
    }
    let rest = &bytes[head.len..];
    let content = match request_body(bytes, &head).ok()? {
        Body::None | Body::Close => Vec::new(),
        Body::Length(length) => rest.get(..usize::try_from(length).ok()?)?.to_vec(),
        Body::Chunked => dechunked(rest)?,
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (method, target) = (head.method.of(bytes), head.target.of(bytes));
    Some((text(method), text(target), content))
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let (mut chunked, mut content) = (Chunked::default(), Vec::new());
    loop {
        let (piece, taken) = chunked.next(rest).ok()?;
        match piece {
            Piece::Data(len) => content.extend_from_slice(&rest[..len]),
            Piece::End => return Some(content),
            Piece::More => return None,
            Piece::Size(_) | Piece::Trailer => {}
        }
        rest = &rest[taken..];
    }
}

/// The first request that hyper's server takes whole.
async fn hypers(bytes: &[u8]) -> Option<Taken> {
    let (mut client, server) = tokio::io::duplex(1 << 20);
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    let (told, taken) = mpsc::channel();
    let service = service_fn(move |request: Request<Incoming>| {
        let told = told.clone();
        async move {
            let (method, target) = (request.method().to_string(), request.uri().to_string());
            if let Ok(content) = request.into_body().collect().await {
                // Only the first is looked at.
                let _ = told.send((method, target, content.to_bytes().to_vec()));
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let mut builder = server::Builder::new();
    builder.half_close(true);
    let connection = builder.serve_connection(TokioIo::new(server), service);
    // How it ends says nothing about the first request.
    let _ = tokio::time::timeout(Duration::from_secs(30), connection).await;
    taken.try_recv().ok()
}
