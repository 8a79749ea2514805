//! The app's end.

use e2e::{Connection, Message};
use fastrand::Rng;

use super::{
    Seen, piece,
    plan::{Fault, Plan},
};

/// Serves a connection until it ends.
pub(super) fn serve(connection: &mut Connection, seen: &Seen) {
    while let Some(head) = connection.wire.head() {
        let Ok(id) = head.target().trim_start_matches('/').parse() else {
            return seen.wrong(0, format!("no request of ours: {head:?}"));
        };
        let plan = Plan::of(id);
        *seen.begun.lock().unwrap().entry(id).or_default() += 1;
        if head.method() != plan.method {
            seen.wrong(id, format!("the app got {head:?}"));
        }
        if plan.fault != Some(Fault::Early) {
            let request = connection.wire.request_body(head.clone());
            if !check(id, &plan, &request, seen) {
                return;
            }
        }
        if !answer(connection, id, &plan) {
            return;
        }
        if plan.fault == Some(Fault::Early) {
            let request = connection.wire.request_body(head);
            if !check(id, &plan, &request, seen) {
                return;
            }
        }
        if plan.ends() {
            return;
        }
    }
}

/// Whether the request is what was sent; a client may have left within it.
fn check(id: u64, plan: &Plan, request: &Message, seen: &Seen) -> bool {
    if !plan.is_request(id, request) {
        let (length, whole) = (request.body.len(), request.whole);
        seen.wrong(id, format!("the app got {length} bytes, whole: {whole}"));
    }
    request.whole
}

/// Answers, and says whether the connection goes on.
fn answer(connection: &mut Connection, id: u64, plan: &Plan) -> bool {
    let mut random = Rng::with_seed(plan.pieces);
    let (answer, body) = plan.answer(id);
    let (sent, goes_on) = match plan.fault {
        Some(Fault::Silence) => (Vec::new(), false),
        Some(Fault::CutHead) => (answer[..random.usize(1..body)].to_vec(), false),
        Some(Fault::CutBody) => (answer[..random.usize(body..answer.len())].to_vec(), false),
        Some(Fault::Nonsense) => (b"HTTP/1.1 200 OK\r\nno field\r\n\r\n".to_vec(), false),
        Some(Fault::Early) | None => (answer, true),
    };
    if !goes_on && plan.resets {
        connection.reset_on_close();
    }
    let mut rest = sent.as_slice();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece(rest.len(), &mut random));
        if !connection.try_send(piece) {
            return false;
        }
        rest = after;
    }
    goes_on
}
