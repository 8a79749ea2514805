//! Clients that ask on and on, and count every failure.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::{PATIENCE, eventually, upstream::text};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: auth.test\r\n\r\n";

/// What an answer's body is.
const BODY: &str = "whole";

/// Clients that ask for `auth.test` on connections that are used as long as the gateway lets them.
#[derive(Debug)]
pub struct Load {
    clients: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    tally: Arc<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    answered: AtomicUsize,
    failed: Mutex<Vec<String>>,
}

impl Tally {
    fn fail(&self, why: String) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.push(why);
    }

    fn failed(&self) -> Vec<String> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.clone()
    }
}

/// Why there is no whole answer.
#[derive(Debug)]
enum Cut {
    /// Not a byte of one came.
    Unanswered,
    /// It broke off, or it is not the app's.
    Broken(String),
}

impl Load {
    /// What the upstream is to answer.
    pub fn answer() -> Vec<u8> {
        text(BODY)
    }

    /// Starts so many clients.
    pub fn on(address: SocketAddr, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let tally = Arc::new(Tally::default());
        let client = |_| {
            let (stop, tally) = (Arc::clone(&stop), Arc::clone(&tally));
            thread::spawn(move || ask_on(address, &stop, &tally))
        };
        let clients = (0..clients).map(client).collect();
        Self {
            clients,
            stop,
            tally,
        }
    }

    /// Returns how many requests were answered.
    pub fn answered(&self) -> usize {
        self.tally.answered.load(Ordering::Relaxed)
    }

    /// Waits until more than `count` were answered, or one failed.
    #[track_caller]
    pub fn goes_on_after(&self, count: usize) {
        eventually("further answers", || {
            (self.answered() > count || !self.tally.failed().is_empty()).then_some(())
        });
    }

    /// Ends it; fails if a request did.
    #[track_caller]
    pub fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().expect("a client doesn't panic");
        }
        let failed = self.tally.failed();
        assert!(failed.is_empty(), "{failed:?}");
    }
}

fn ask_on(address: SocketAddr, stop: &AtomicBool, tally: &Tally) {
    while !stop.load(Ordering::Relaxed) {
        let stream = TcpStream::connect(address).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        let mut stream = match stream {
            Ok(stream) => stream,
            Err(error) => return tally.fail(format!("connecting: {error}")),
        };
        let mut is_fresh = true;
        while !stop.load(Ordering::Relaxed) {
            match ask(&mut stream) {
                Ok(goes_on) => {
                    tally.answered.fetch_add(1, Ordering::Relaxed);
                    is_fresh = false;
                    if !goes_on {
                        break;
                    }
                }
                // RFC 9112 §9.3.1: a connection that was idle may close at any time, and a client
                // asks again on another.
                Err(Cut::Unanswered) if !is_fresh => break,
                Err(Cut::Unanswered) => return tally.fail("not answered".to_owned()),
                Err(Cut::Broken(why)) => return tally.fail(why),
            }
        }
    }
}

/// Asks once; returns whether the connection can be used again.
fn ask(stream: &mut TcpStream) -> Result<bool, Cut> {
    if stream.write_all(REQUEST).is_err() {
        return Err(Cut::Unanswered);
    }
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.ends_with(BODY.as_bytes()) {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => answer.extend_from_slice(&buffer[..count]),
            _ if answer.is_empty() => return Err(Cut::Unanswered),
            end => {
                let got = String::from_utf8_lossy(&answer);
                return Err(Cut::Broken(format!("{end:?} after {got:?}")));
            }
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    match answer.starts_with("HTTP/1.1 200") {
        true => Ok(!answer.to_ascii_lowercase().contains("connection: close")),
        false => Err(Cut::Broken(answer.into_owned())),
    }
}
