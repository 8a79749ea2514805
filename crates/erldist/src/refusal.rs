//! What a node asks of us, refused: without an answer, a process over there would wait for ever.

use std::borrow::Cow;

use erlterm::etf::{Pid, TermRef, decode};

use crate::message::{control, put};

/// The process that every node has.
const NET_KERNEL: &str = "net_kernel";

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
        // Whoever monitors it is about to ask it, see `answer_ping`.
        [
            TermRef::Integer(control::MONITOR_P),
            _,
            TermRef::Atom(name),
            _,
        ] if name == NET_KERNEL => {
            return Unasked::Dropped;
        }
        [TermRef::Integer(control::MONITOR_P), from, to, made] => {
            (down(from, to, made).to_vec(), Some(noproc))
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
            return on_letter(us, payload, out);
        }
        _ => return Unasked::Dropped,
    };
    let (message, reason) = answer;
    put(&TermRef::Tuple(message), reason.as_ref(), out);
    Unasked::Refused
}

/// Takes a message to a process of ours. Those that somebody waits for the answer to are answered.
fn on_letter(us: &Pid<'_>, payload: &[u8], out: &mut Vec<u8>) -> Unasked {
    let Ok(TermRef::Tuple(letter)) = decode(payload) else {
        return Unasked::Dropped;
    };
    match letter.as_slice() {
        // "The Erlang I/O Protocol": `{io_request, From, ReplyAs, Request}`.
        [TermRef::Atom(kind), TermRef::Pid(from), reply_as, _]
            if kind == "io_request" && from.node != us.node =>
        {
            let no = TermRef::Tuple(vec![TermRef::atom("error"), TermRef::atom("enotsup")]);
            let reply = vec![TermRef::atom("io_reply"), reply_as.clone(), no];
            send(from, reply, out);
            Unasked::Refused
        }
        [TermRef::Atom(kind), TermRef::Tuple(from), request] if kind == "$gen_call" => {
            match from.as_slice() {
                [TermRef::Pid(from), tag] if from.node != us.node => {
                    answer_ping(from, tag, request, out)
                }
                _ => Unasked::Dropped,
            }
        }
        _ => Unasked::Dropped,
    }
}

/// Answers `net_adm:ping/1`, which asks a node's `net_kernel` whether it is one: without a yes it cuts
/// the link. To other questions there is nobody at home, which the monitor of the asking one tells.
fn answer_ping(
    from: &Pid<'_>,
    tag: &TermRef<'_>,
    request: &TermRef<'_>,
    out: &mut Vec<u8>,
) -> Unasked {
    let is_ping = matches!(request, TermRef::Tuple(parts)
        if matches!(parts.as_slice(), [TermRef::Atom(what), _] if what == "is_auth"));
    if is_ping {
        send(from, vec![tag.clone(), TermRef::atom("yes")], out);
        return Unasked::Refused;
    }
    // The tag is the monitor, or since OTP 24 `[alias|Monitor]`.
    let made = match tag {
        TermRef::Reference(made) => Some(made.clone()),
        TermRef::Opaque(list) => match list.improper_list() {
            Some((_, TermRef::Reference(made))) => Some(made),
            Some(_) | None => None,
        },
        _ => None,
    };
    let Some(made) = made else {
        return Unasked::Dropped;
    };
    let (from, to) = (TermRef::Pid(from.clone()), TermRef::atom(NET_KERNEL));
    let message = down(&from, &to, &TermRef::Reference(made));
    let noproc = TermRef::atom("noproc");
    put(&TermRef::Tuple(message.to_vec()), Some(&noproc), out);
    Unasked::Refused
}

/// Returns the message that ends a monitor of `to`.
fn down<'a>(from: &TermRef<'a>, to: &TermRef<'a>, made: &TermRef<'a>) -> [TermRef<'a>; 4] {
    let down = TermRef::Integer(control::PAYLOAD_MONITOR_P_EXIT);
    [down, to.clone(), from.clone(), made.clone()]
}

fn send(to: &Pid<'_>, letter: Vec<TermRef<'_>>, out: &mut Vec<u8>) {
    let unused = TermRef::Atom(Cow::Borrowed(""));
    let to = TermRef::Pid(to.clone());
    let message = TermRef::Tuple(vec![TermRef::Integer(control::SEND), unused, to]);
    put(&message, Some(&TermRef::Tuple(letter)), out);
}
