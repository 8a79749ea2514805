//! A running proxy between a raw client and a scripted upstream.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::Duration,
};

use routes::{Address, Host, Published, Route, Service, Settings, Snapshot, Upstream};

use crate::{AccessLog, Farewell, HandedOver, ListenAddress, Options, Proxy, bind, clock, start};

/// Longer than any answer takes, so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until `fact` holds.
#[track_caller]
pub(super) fn eventually(fact: impl Fn() -> bool) {
    let deadline = clock::now() + PATIENCE;
    while !fact() {
        assert!(clock::now() < deadline, "it never came to that");
        thread::yield_now();
    }
}

/// A table that leads each host to one address.
pub(super) fn table(generation: u64, routes: &[(&str, Address)], settings: Settings) -> Published {
    let service = |(slot, (_, address)): (u32, &(&str, Address))| {
        let name = format!("Service{slot}.Endpoint");
        Service::new(&name, slot, vec![Upstream::new(address.clone())])
    };
    let services = (0..).zip(routes).map(service).collect();
    let route = |(index, (host, _)): (usize, &(&str, Address))| {
        Route::new(Host::parse(host).unwrap(), index)
    };
    let routes = routes.iter().enumerate().map(route).collect();
    let snapshot = Snapshot::new(services, routes, None);
    Published {
        generation,
        snapshot: Arc::new(snapshot),
        settings: Arc::new(settings),
    }
}

/// A proxy and where it listens.
pub(super) struct Stage {
    pub(super) proxy: Proxy,
    pub(super) address: SocketAddr,
}

impl Stage {
    /// Starts a proxy with one worker that leads `app.test` to the upstream.
    pub(super) fn new(upstream: &Stand) -> Self {
        let table = table(1, &[("app.test", upstream.tcp())], Settings::default());
        Self::with(table, 1, AccessLog::Off)
    }

    pub(super) fn with(table: Published, workers: usize, access: AccessLog) -> Self {
        let any = ListenAddress::Tcp((Ipv4Addr::LOCALHOST, 0).into());
        let listeners = bind(&[any], workers, &mut HandedOver::default()).unwrap();
        let [ListenAddress::Tcp(address)] = listeners.addresses()[..] else {
            panic!("one TCP")
        };
        let options = Options {
            workers,
            access,
            instance: "mr-test".to_owned(),
        };
        let proxy = start(listeners, options, Arc::new(table)).unwrap();
        Self { proxy, address }
    }

    pub(super) fn client(&self) -> Raw {
        Raw::new(TcpStream::connect(self.address).unwrap())
    }

    /// Drains; in a thread of its own, as the binary does.
    pub(super) fn drain(self, limit: Duration, hurry: bool) -> thread::JoinHandle<()> {
        let farewell = Farewell {
            limit,
            has_successor: false,
        };
        thread::spawn(move || self.proxy.drain(farewell, &AtomicBool::new(hurry)))
    }
}

/// A client that says bytes and looks at bytes.
pub(super) struct Raw {
    pub(super) stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    pub(super) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    pub(super) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: app.test\r\n\r\n"))
            .answer()
    }

    /// Reads one answer with a Content-Length.
    #[track_caller]
    pub(super) fn answer(&mut self) -> Answer {
        let head = self.head();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        let body = self.take(length);
        Answer { head, body }
    }

    /// Reads a head; in lower case.
    #[track_caller]
    pub(super) fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.unread.drain(..end + 4).collect();
                return String::from_utf8(head).unwrap().to_lowercase();
            }
            assert!(self.read_some().unwrap() > 0, "ended within a head");
        }
    }

    #[track_caller]
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            assert!(
                self.read_some().unwrap() > 0,
                "ended after {} bytes",
                self.unread.len()
            );
        }
        self.unread.drain(..count).collect()
    }

    /// Waits for the end; returns whether it came without a reset, and without a byte before it.
    pub(super) fn ends_cleanly(&mut self) -> bool {
        self.unread.is_empty() && self.read_some().is_ok_and(|count| count == 0)
    }

    pub(super) fn read_some(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let count = self.stream.read(&mut buffer)?;
        self.unread.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

/// What a client got.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// An upstream that does what the path asks for.
pub(super) struct Stand {
    pub(super) address: SocketAddr,
    /// Connections accepted.
    pub(super) connections: Arc<AtomicUsize>,
    /// Connections that the other side ended.
    pub(super) ended: Arc<AtomicUsize>,
    /// Bytes of `/flood` that were taken until they were taken no more for a moment.
    pub(super) stalled_at: Receiver<usize>,
    /// Requests for `/hold` that have come.
    pub(super) held: Receiver<()>,
    /// Lets the oldest of them be answered, or `/late` go on.
    pub(super) release: Sender<()>,
}

/// Bytes of `/flood`.
pub(super) const FLOOD: usize = 48 * 1024 * 1024;

impl Stand {
    pub(super) fn start() -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into())
    }

    pub(super) fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, ended) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (stalled, stalled_at) = mpsc::channel();
        let (hold, held) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let released = Arc::new(std::sync::Mutex::new(released));
        let counts = (Arc::clone(&connections), Arc::clone(&ended));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let number = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
                let (ended, stalled) = (Arc::clone(&counts.1), stalled.clone());
                let (hold, released) = (hold.clone(), Arc::clone(&released));
                let actor = Actor {
                    number,
                    stalled,
                    hold,
                    released,
                };
                thread::spawn(move || {
                    actor.play(Raw::new(stream.unwrap()));
                    ended.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            connections,
            ended,
            stalled_at,
            held,
            release,
        }
    }

    pub(super) fn tcp(&self) -> Address {
        Address::Tcp(self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// One connection of a stand.
struct Actor {
    number: usize,
    stalled: Sender<usize>,
    hold: Sender<()>,
    released: Arc<std::sync::Mutex<Receiver<()>>>,
}

impl Actor {
    fn play(&self, mut peer: Raw) {
        loop {
            // Between requests the other side may end; anything else fails its test there.
            if peer.unread.is_empty() && !matches!(peer.read_some(), Ok(1..)) {
                return;
            }
            let head = peer.head();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            match path.as_str() {
                "/number" => self.answer(&mut peer, &self.number.to_string()),
                "/bye" => return self.answer(&mut peer, "bye"),
                "/late" => {
                    self.answer(&mut peer, "/late");
                    self.released.lock().unwrap().recv().unwrap();
                    peer.send("nobody asked");
                }
                "/echo" => echo(&mut peer, &head),
                "/flood" => self.flood(&mut peer),
                "/hold" => {
                    self.hold.send(()).unwrap();
                    self.released.lock().unwrap().recv().unwrap();
                    self.answer(&mut peer, "held");
                }
                "/websocket" | "/websocket?vsn=2.0.0" => {
                    peer.send(
                        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                         Upgrade: websocket\r\n\
                         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
                    );
                    // Until the other side ends.
                    while matches!(peer.read_some(), Ok(1..)) {}
                    return;
                }
                other => self.answer(&mut peer, other),
            }
        }
    }

    fn answer(&self, peer: &mut Raw, text: &str) {
        let length = text.len();
        peer.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}"
        ));
    }

    /// Sends more than anyone takes who does not pass it on.
    fn flood(&self, peer: &mut Raw) {
        peer.send(format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {FLOOD}\r\n\r\n"
        ));
        peer.stream
            .set_write_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let (mut sent, block) = (0, [b'x'; 64 * 1024]);
        while sent < FLOOD {
            match peer.stream.write(&block[..block.len().min(FLOOD - sent)]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Nobody may be listening for it any more.
                    let _ = self.stalled.send(sent);
                }
                Err(_) => return,
            }
        }
    }
}

/// Sends a body back while it comes.
fn echo(peer: &mut Raw, head: &str) {
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let mut left: usize = length.parse().unwrap();
    peer.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n"));
    while left > 0 {
        if peer.unread.is_empty() {
            assert!(peer.read_some().unwrap() > 0);
        }
        let count = peer.unread.len().min(left);
        let bytes = peer.take(count);
        peer.send(bytes);
        left -= count;
    }
}
