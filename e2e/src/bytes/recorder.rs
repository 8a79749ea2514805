//! The upstream of the cases: answers as its script says, and keeps every byte it got.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use socket2::SockRef;

use super::{
    Reply, Then,
    reading::{Kind, Message, read},
};
use crate::wait::until;

/// Targets that begin so are not a case's: they are asked to see whether all is well.
pub(super) const PROBE: &str = "/probe/";

/// An upstream that plays the replies of one case after the other.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    connections: Mutex<Vec<Arc<Connection>>>,
}

#[derive(Debug)]
struct Connection {
    /// For others than the thread that reads; gone once the connection has been reset.
    handle: Mutex<Option<TcpStream>>,
    got: Mutex<Got>,
}

/// What came by one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Got {
    /// The requests, whole or not.
    pub(super) requests: Vec<Message>,
    /// Bytes that are no request, as yet.
    pub(super) rest: Vec<u8>,
    /// Bytes that came after a 101.
    pub(super) tunnel: Vec<u8>,
    /// Nothing more will come.
    pub(super) has_ended: bool,
}

impl Connection {
    fn with_handle<T>(&self, act: impl FnOnce(&TcpStream) -> std::io::Result<T>) {
        if let Some(stream) = &*lock(&self.handle) {
            // The other side may have closed first.
            let _ = act(stream);
        }
    }
}

impl Got {
    /// Whether there is anything of a case.
    pub(super) fn is_of_case(&self) -> bool {
        self.requests.iter().any(|it| !is_probe(it)) || !self.rest.is_empty()
    }

    /// How many requests of a case have their heads here.
    fn heads(&self) -> usize {
        self.requests.iter().filter(|it| !is_probe(it)).count()
    }
}

/// Whether a request asks whether all is well.
pub(super) fn is_probe(request: &Message) -> bool {
    request.second().starts_with(PROBE)
}

impl Recorder {
    /// Listens on a free port of 127.0.0.1, for as long as the process lives.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                ours.accept(stream);
            }
        });
        Self { address, shared }
    }

    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets what the next case's requests are answered with.
    pub(super) fn script(&self, replies: &[Reply]) {
        *lock(&self.shared.replies) = replies.to_vec().into();
    }

    /// Waits until the heads of so many requests of the case are here.
    pub(super) fn await_heads(&self, count: usize, patience: Duration) {
        // Where they don't come, the judgement will tell.
        let _ = until(patience, || {
            let connections = lock(&self.shared.connections);
            let heads = connections.iter().map(|it| lock(&it.got).heads());
            (heads.sum::<usize>() >= count).then_some(())
        });
    }

    /// Says something on the connection of the case's last request.
    pub(super) fn say(&self, bytes: &[u8]) {
        let connections = lock(&self.shared.connections);
        let of_case = connections
            .iter()
            .rev()
            .find(|it| lock(&it.got).heads() > 0);
        if let Some(connection) = of_case {
            connection.with_handle(|mut stream| stream.write_all(bytes));
        }
    }

    /// Ends all connections once the other side has, and returns what came by each.
    pub(super) fn finish(&self, patience: Duration) -> Vec<Got> {
        let connections = std::mem::take(&mut *lock(&self.shared.connections));
        lock(&self.shared.replies).clear();
        for connection in &connections {
            connection.with_handle(|stream| stream.shutdown(Shutdown::Write));
        }
        let all_ended = || {
            let ended = connections.iter().all(|it| lock(&it.got).has_ended);
            ended.then_some(())
        };
        if until(patience, all_ended).is_none() {
            for connection in &connections {
                connection.with_handle(|stream| stream.shutdown(Shutdown::Both));
            }
        }
        connections.iter().map(|it| lock(&it.got).clone()).collect()
    }
}

impl Shared {
    fn accept(self: &Arc<Self>, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let connection = Arc::new(Connection {
            handle: Mutex::new(Some(stream.try_clone().unwrap())),
            got: Mutex::default(),
        });
        lock(&self.connections).push(Arc::clone(&connection));
        let shared = Arc::clone(self);
        thread::spawn(move || {
            shared.converse(stream, &connection);
            lock(&connection.got).has_ended = true;
        });
    }

    /// Reads requests and answers them until the other side ends.
    fn converse(&self, mut stream: TcpStream, connection: &Connection) {
        let mut scratch = vec![0; 64 * 1024];
        // The answer to the request whose head is here and whose body isn't.
        let mut due: Option<Reply> = None;
        let mut is_echo = false;
        loop {
            let count = match stream.read(&mut scratch) {
                Ok(0) | Err(_) => break,
                Ok(count) => count,
            };
            lock(&connection.got).rest.extend(&scratch[..count]);
            while !is_echo {
                match self.answer_one(&mut stream, connection, &mut due) {
                    Some(Then::Stay) => {}
                    Some(Then::Echo) => is_echo = true,
                    Some(Then::Fin) => drop(stream.shutdown(Shutdown::Write)),
                    Some(Then::Reset) => {
                        // Closing it is a reset then, once this is the last handle.
                        let linger = Some(Duration::ZERO);
                        SockRef::from(&stream).set_linger(linger).unwrap();
                        lock(&connection.handle).take();
                        return;
                    }
                    None => break,
                }
            }
            if is_echo {
                let mut got = lock(&connection.got);
                let bytes = std::mem::take(&mut got.rest);
                got.tunnel.extend(&bytes);
                drop(got);
                let _ = stream.write_all(&bytes);
            }
        }
    }

    /// Answers the request at hand, if it is time to. Returns what the answer is followed by.
    fn answer_one(
        &self,
        stream: &mut TcpStream,
        connection: &Connection,
        due: &mut Option<Reply>,
    ) -> Option<Then> {
        let mut got = lock(&connection.got);
        let is_begun = got.requests.last().is_some_and(|it| !it.whole);
        let (request, used) = read(&got.rest, Kind::Request)?;
        if is_begun {
            got.requests.pop();
        }
        got.requests.push(request.clone());
        if !is_begun {
            *due = Some(if is_probe(&request) {
                Reply::default()
            } else {
                lock(&self.replies).pop_front().unwrap_or_default()
            });
        }
        if request.whole {
            got.rest.drain(..used);
        }
        drop(got);
        if let Some(reply) = due.as_mut().filter(|it| !it.at_once.is_empty()) {
            // A gateway may have hung up.
            let _ = stream.write_all(&std::mem::take(&mut reply.at_once));
        }
        let reply = due.take_if(|reply| request.whole || reply.is_early);
        let Some(reply) = reply else {
            // An early answer has been given; the next request is read once this one is whole.
            return request.whole.then_some(Then::Stay);
        };
        let bytes = reply.bytes.unwrap_or_else(|| echo(&request));
        // A gateway may have hung up.
        let _ = stream.write_all(&bytes);
        if reply.then == Then::Stay && !request.whole {
            return None;
        }
        Some(reply.then)
    }
}

/// 200, with the request's target for a body.
fn echo(request: &Message) -> Vec<u8> {
    let target = request.second();
    let length = target.len();
    let body = if request.start.starts_with("HEAD ") {
        ""
    } else {
        target
    };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
