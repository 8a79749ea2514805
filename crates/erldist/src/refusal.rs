//! What a node asks of us, refused: without an answer, a process over there would wait for ever.

use std::borrow::Cow;

use erlterm::etf::{Pid, TermRef, decode};

use crate::message::{control, put};

/// What became of a message that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unasked {
    /// It was answered with a no.
    Refused,
    /// Nobody waits for an answer to it, or it is not known.
    Dropped,
}

/// Appends the frame that refuses what the control message asks, if there is one. `payload` is what
/// follows the control message.
pub(crate) fn refuse(
    us: &Pid<'_>,
    message: &[TermRef<'_>],
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Unasked {
    let noproc = TermRef::atom("noproc");
    let number = TermRef::Integer;
    // "Control Messages" names the parts of each.
    let answer = match message {
        [TermRef::Integer(control::LINK), from, to] => {
            let exit = [number(control::PAYLOAD_EXIT), to.clone(), from.clone()];
            (exit.to_vec(), Some(noproc))
        }
        [TermRef::Integer(control::UNLINK_ID), id, from, to] => {
            let acknowledged = number(control::UNLINK_ID_ACK);
            (
                vec![acknowledged, id.clone(), to.clone(), from.clone()],
                None,
            )
        }
        [TermRef::Integer(control::MONITOR_P), from, to, made] => {
            let down = number(control::PAYLOAD_MONITOR_P_EXIT);
            let down = vec![down, to.clone(), from.clone(), made.clone()];
            (down, Some(noproc))
        }
        [
            TermRef::Integer(control::SPAWN_REQUEST | control::SPAWN_REQUEST_TT),
            request,
            from,
            ..,
        ] => {
            let notsup = TermRef::atom("notsup");
            let reply = number(control::SPAWN_REPLY);
            let reply = vec![reply, request.clone(), from.clone(), number(0), notsup];
            (reply, None)
        }
        [
            TermRef::Integer(
                control::SEND | control::SEND_TT | control::SEND_SENDER | control::SEND_SENDER_TT,
            ),
            ..,
        ]
        | [
            TermRef::Integer(control::REG_SEND | control::REG_SEND_TT),
            ..,
        ] => {
            return refuse_io(us, payload, out);
        }
        _ => return Unasked::Dropped,
    };
    let (message, reason) = answer;
    put(&TermRef::Tuple(message), reason.as_ref(), out);
    Unasked::Refused
}

/// Answers a request of the I/O protocol: `{io_request, From, ReplyAs, Request}`.
fn refuse_io(us: &Pid<'_>, payload: &[u8], out: &mut Vec<u8>) -> Unasked {
    let Ok(TermRef::Tuple(request)) = decode(payload) else {
        return Unasked::Dropped;
    };
    let [TermRef::Atom(kind), TermRef::Pid(from), reply_as, _] = request.as_slice() else {
        return Unasked::Dropped;
    };
    if kind != "io_request" || from.node == us.node {
        return Unasked::Dropped;
    }
    let to = TermRef::Pid(from.clone());
    let unused = TermRef::Atom(Cow::Borrowed(""));
    let send = TermRef::Tuple(vec![TermRef::Integer(control::SEND), unused, to]);
    let no = TermRef::Tuple(vec![TermRef::atom("error"), TermRef::atom("enotsup")]);
    let reply = TermRef::Tuple(vec![TermRef::atom("io_reply"), reply_as.clone(), no]);
    put(&send, Some(&reply), out);
    Unasked::Refused
}
