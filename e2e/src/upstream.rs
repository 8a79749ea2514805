//! An upstream that plays a script and records what reached it.

use std::{
    io,
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use crate::{
    Message, eventually,
    stream::{Stream, WeakStream},
    wire::Wire,
};

/// A listener whose connections are each played by one script, in a thread of its own. It is open
/// until its last clone is dropped.
#[derive(Clone, Debug)]
pub struct Upstream(Arc<Open>);

#[derive(Debug)]
struct Open {
    address: Address,
    record: Arc<Record>,
    accepting: Option<JoinHandle<()>>,
}

/// One accepted connection, as its script sees it.
#[derive(Debug)]
pub struct Connection {
    /// Which connection this is, counted from 0.
    pub index: usize,
    /// The bytes both ways.
    pub wire: Wire,
    record: Arc<Record>,
}

#[derive(Clone, Debug)]
enum Address {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

#[derive(Debug, Default)]
struct Record {
    requests: Mutex<Vec<Message>>,
    failures: Mutex<Vec<String>>,
    streams: Mutex<Vec<WeakStream>>,
    connections: AtomicUsize,
    closing: AtomicBool,
    /// Connections end by a reset.
    killed: AtomicBool,
}

impl Upstream {
    /// Plays `script` on every connection to a free port of 127.0.0.1.
    pub fn play(script: impl Fn(&mut Connection) + Send + Sync + 'static) -> Self {
        Self::play_at("127.0.0.1:0", script)
    }

    /// Plays `script` on every connection to a TCP address.
    #[track_caller]
    pub fn play_at(
        address: &str,
        script: impl Fn(&mut Connection) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address)
            .unwrap_or_else(|error| panic!("the upstream's listener at {address}: {error}"));
        let address = Address::Tcp(listener.local_addr().unwrap());
        let accept = move || listener.accept().map(|(stream, _)| Stream::from(stream));
        Self::start(address, accept, script)
    }

    /// Plays `script` on every connection to a Unix socket.
    #[track_caller]
    pub fn play_unix(
        path: &Path,
        script: impl Fn(&mut Connection) + Send + Sync + 'static,
    ) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let accept = move || listener.accept().map(|(stream, _)| Stream::from(stream));
        Self::start(Address::Unix(path.to_owned()), accept, script)
    }

    /// Answers every request with the same bytes and keeps the connection.
    pub fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::play(move |connection| {
            while connection.request().is_some() {
                connection.send(&answer);
            }
        })
    }

    /// Answers every request with 200 and a short text.
    pub fn hello() -> Self {
        Self::answering(text("hello"))
    }

    fn start(
        address: Address,
        accept: impl Fn() -> io::Result<Stream> + Send + 'static,
        script: impl Fn(&mut Connection) + Send + Sync + 'static,
    ) -> Self {
        let record = Arc::new(Record::default());
        let shared = Arc::clone(&record);
        let accepting = thread::spawn(move || shared.accept(&accept, &Arc::new(script)));
        Self(Arc::new(Open {
            address,
            record,
            accepting: Some(accepting),
        }))
    }

    /// Returns the address as `mesh-router.toml` writes it.
    pub fn address(&self) -> String {
        match &self.0.address {
            Address::Tcp(address) => address.to_string(),
            Address::Unix(path) => format!("unix:{}", path.display()),
        }
    }

    /// Returns the TCP port.
    #[track_caller]
    pub fn port(&self) -> u16 {
        match &self.0.address {
            Address::Tcp(address) => address.port(),
            Address::Unix(path) => panic!("{} has no port", path.display()),
        }
    }

    /// Returns the requests that scripts have read so far, in the order they were read.
    pub fn requests(&self) -> Vec<Message> {
        self.0
            .record
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Returns the only request so far, and fails the test if there were more or none.
    #[track_caller]
    pub fn request(&self) -> Message {
        let mut requests = self.requests();
        assert_eq!(
            requests.len(),
            1,
            "requests that reached the upstream: {requests:#?}"
        );
        requests.remove(0)
    }

    /// Waits until `count` requests have been read, and returns them.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Message> {
        eventually(&format!("{count} requests at the upstream"), || {
            Some(self.requests()).filter(|requests| requests.len() >= count)
        })
    }

    /// Ends all connections by a reset, and then itself, as if its process were killed.
    pub fn kill(self) {
        self.0.record.killed.store(true, Ordering::SeqCst);
    }

    /// Returns how many connections were accepted so far.
    pub fn connections(&self) -> usize {
        self.0.record.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.record.closing.store(true, Ordering::SeqCst);
        self.record.end_streams();
        // Wakes the accepting thread; it sees that we are closing.
        let woken = match &self.address {
            Address::Tcp(address) => TcpStream::connect(address).is_ok(),
            Address::Unix(path) => UnixStream::connect(path).is_ok(),
        };
        if let Some(accepting) = self.accepting.take().filter(|_| woken) {
            // It has no result, and a panic in it would have been a bug of the harness.
            let _ = accepting.join();
        }
        let failures = std::mem::take(&mut *lock(&self.record.failures));
        if !thread::panicking() {
            assert!(
                failures.is_empty(),
                "the upstream's script failed: {failures:?}"
            );
        }
    }
}

impl Record {
    fn end_streams(&self) {
        let is_killed = self.killed.load(Ordering::SeqCst);
        for stream in lock(&self.streams).drain(..) {
            match is_killed {
                true => stream.reset(),
                false => stream.shut(),
            }
        }
    }

    fn accept(
        self: &Arc<Self>,
        accept: &dyn Fn() -> io::Result<Stream>,
        script: &Arc<impl Fn(&mut Connection) + Send + Sync + 'static>,
    ) {
        let mut threads = Vec::new();
        while let Ok(stream) = accept() {
            if self.closing.load(Ordering::SeqCst) {
                break;
            }
            // Of connections that are over nothing is to be kept: there may be many.
            threads.retain(|thread: &JoinHandle<()>| !thread.is_finished());
            let mut streams = lock(&self.streams);
            streams.retain(WeakStream::is_open);
            streams.push(stream.downgrade());
            drop(streams);
            let index = self.connections.fetch_add(1, Ordering::SeqCst);
            let record = Arc::clone(self);
            let script = Arc::clone(script);
            threads.push(thread::spawn(move || {
                record.converse(index, stream, &*script);
            }));
        }
        self.end_streams();
        for thread in threads {
            // Failures of scripts are in the record already.
            let _ = thread.join();
        }
    }

    fn converse(self: &Arc<Self>, index: usize, stream: Stream, script: &dyn Fn(&mut Connection)) {
        let wire = Wire::new(stream);
        let mut connection = Connection {
            index,
            wire,
            record: Arc::clone(self),
        };
        let played = catch_unwind(AssertUnwindSafe(|| script(&mut connection)));
        if let Err(panic) = played
            && !self.closing.load(Ordering::SeqCst)
        {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|&said| said.to_owned()));
            lock(&self.failures).push(said.unwrap_or_default());
        }
    }
}

impl Connection {
    /// Reads and records a whole request; `None` at the connection's end.
    pub fn request(&mut self) -> Option<Message> {
        let request = self.wire.request()?;
        lock(&self.record.requests).push(request.clone());
        Some(request)
    }

    /// Reads and records a request's head; its body is the script's to read.
    pub fn request_head(&mut self) -> Option<Message> {
        let head = self.wire.head()?;
        let request = Message {
            head,
            ..Message::default()
        };
        lock(&self.record.requests).push(request.clone());
        Some(request)
    }

    /// Sends bytes. A gateway that has hung up is seen by the script's next read.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // Tests about aborts close while the script still sends.
        let _ = self.wire.send(bytes);
    }

    /// Sends bytes and says whether all were taken.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.wire.send(bytes).is_ok()
    }

    /// Makes the connection end with a reset when the script returns.
    pub fn reset_on_close(&self) {
        self.wire.stream().reset_on_close();
    }
}

/// Returns a 200 answer with a text body.
pub fn text(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
