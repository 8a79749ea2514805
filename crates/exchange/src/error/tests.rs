use expect_test::expect;

use super::{Failure, title};

#[test]
fn every_failure_has_a_status() {
    let failures = [
        Failure::BadRequest,
        Failure::NoRoute,
        Failure::NotAllowed,
        Failure::ClientSlow,
        Failure::BodyTooLarge,
        Failure::UriTooLong,
        Failure::HeadTooLarge,
        Failure::ClientGone,
        Failure::UnknownCoding,
        Failure::Refused,
        Failure::Reset,
        Failure::Protocol,
        Failure::NoUpstream,
        Failure::HoldTimeout,
        Failure::Overload,
        Failure::Stopping,
        Failure::UpstreamSlow,
        Failure::Version,
        Failure::Loop,
    ];
    let lines = failures.map(|failure| {
        let meaning = failure.meaning();
        let (status, reason) = (meaning.status, meaning.reason.name());
        let is_failed = matches!(status, 502..=504);
        assert_eq!(meaning.reason.is_failed_service(), is_failed, "{reason}");
        let (title, proxy) = (title(status), failure.proxy_error());
        let ends = if failure.ends_connection() {
            "closed"
        } else {
            "kept"
        };
        format!("{status} {reason:<17} {ends:<6} {proxy:<24} {title}\n")
    });
    expect![[r#"
        400 bad_request       closed http_request_error       Bad Request
        404 no_route          kept   destination_not_found    Not Found
        405 not_allowed       closed http_request_error       Method Not Allowed
        408 client_timeout    closed http_request_error       Request Timeout
        413 too_large         closed http_request_error       Content Too Large
        414 too_large         closed http_request_error       URI Too Long
        431 too_large         closed http_request_error       Request Header Fields Too Large
        499 client_closed     closed http_request_error       Error
        501 not_implemented   closed http_request_error       Not Implemented
        502 connect_refused   kept   connection_refused       Bad Gateway
        502 reset             kept   connection_terminated    Bad Gateway
        502 protocol          kept   http_protocol_error      Bad Gateway
        503 no_upstream       kept   destination_unavailable  Service Unavailable
        503 hold_timeout      kept   destination_unavailable  Service Unavailable
        503 overload          kept   connection_limit_reached Service Unavailable
        503 stopping          closed proxy_internal_response  Service Unavailable
        504 response_timeout  kept   http_response_timeout    Gateway Timeout
        505 version           closed http_request_error       HTTP Version Not Supported
        508 loop              kept   proxy_loop_detected      Loop Detected
    "#]]
    .assert_eq(&lines.concat());
}
