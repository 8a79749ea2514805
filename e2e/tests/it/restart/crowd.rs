//! A crowd of Phoenix sockets whose app goes away and comes back.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use e2e::{Gateway, eventually};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    task::JoinHandle,
    time,
};

const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const WORKERS: usize = 2;
/// What the gateway aims at, for each worker.
const OPENINGS_PER_SECOND: usize = 200;
/// A socket is kept open for no longer, however many wait.
const ROUND_SECONDS: usize = 2;

/// phoenix.js comes back so soon after a close with 1012.
const RECONNECT: Duration = Duration::from_millis(10);

const ASK: &[u8] = b"GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: auth.test\r\n\
                     Connection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const AGREE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// What the app says first, as the answer to a join.
const JOINED: &[u8] = b"\x82\x06joined";
const CLOSE_1012: &[u8] = b"\x88\x02\x03\xf4";
const ECHO: &[u8] = b"\x88\x82\x00\x00\x00\x00\x03\xf4";

/// What the crowd came to.
#[derive(Debug, Default)]
struct Crowd {
    attempts: AtomicUsize,
    joined: AtomicUsize,
    /// Answers that would send phoenix.js to long-poll.
    spoiled: AtomicUsize,
}

impl Crowd {
    /// Waits until so many have joined.
    #[track_caller]
    fn wait_for(&self, count: usize) {
        let joined = || self.joined.load(SeqCst);
        eventually("the crowd", || (joined() == count).then_some(()));
    }

    /// One client, for ever.
    async fn stay(self: Arc<Self>, gateway: SocketAddr) {
        loop {
            self.attempts.fetch_add(1, SeqCst);
            if self.attempt(gateway).await.is_none() {
                self.spoiled.fetch_add(1, SeqCst);
            }
            time::sleep(RECONNECT).await;
        }
    }

    /// Connects, and stays for as long as the socket does. `None`: it was told no, or broken off.
    async fn attempt(&self, gateway: SocketAddr) -> Option<()> {
        let mut stream = TcpStream::connect(gateway).await.ok()?;
        stream.write_all(ASK).await.ok()?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.ok()?);
        }
        answer.starts_with(b"HTTP/1.1 101 ").then_some(())?;
        let mut first = [0; 4];
        stream.read_exact(&mut first).await.ok()?;
        if first == CLOSE_1012 {
            stream.write_all(ECHO).await.ok()?;
            // In order: no reset.
            return (stream.read(&mut [0; 1]).await.ok()? == 0).then_some(());
        }
        self.joined.fetch_add(1, SeqCst);
        // Until the app goes, however it does.
        while matches!(stream.read(&mut [0; 64]).await, Ok(1..)) {}
        self.joined.fetch_sub(1, SeqCst);
        Some(())
    }
}

/// An app that lets everybody join, and counts who is there.
async fn app(listener: TcpListener, open: Arc<AtomicUsize>) {
    let mut sockets = tokio::task::JoinSet::new();
    while let Ok((mut stream, _)) = listener.accept().await {
        let open = Arc::clone(&open);
        sockets.spawn(async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.ok()?);
            }
            stream.write_all(AGREE).await.ok()?;
            stream.write_all(JOINED).await.ok()?;
            open.fetch_add(1, SeqCst);
            // Until the other side ends.
            while matches!(stream.read(&mut [0; 64]).await, Ok(1..)) {}
            Some(())
        });
    }
}

/// An app that runs.
struct App {
    address: SocketAddr,
    /// Sockets that it has opened.
    open: Arc<AtomicUsize>,
    running: JoinHandle<()>,
}

impl App {
    fn start(runtime: &Runtime, address: SocketAddr) -> Self {
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        let open = Arc::<AtomicUsize>::default();
        let running = runtime.spawn(app(listener, Arc::clone(&open)));
        Self {
            address,
            open,
            running,
        }
    }
}

/// A gateway to these apps, and a crowd that comes to it.
fn crowd(runtime: &Runtime, apps: &[&App], clients: usize, limits: &str) -> (Gateway, Arc<Crowd>) {
    let upstreams = apps.iter().map(|app| format!("\"{}\"", app.address));
    let upstreams = upstreams.collect::<Vec<_>>().join(", ");
    let gateway = Gateway::configured(&format!(
        "listen = [\"127.0.0.1:0\"]\nworkers = {WORKERS}\nmode = \"production\"\n\
         [log]\naccess = \"off\"\n[discovery]\nsources = []\n{limits}\n\
         [routes.\"auth.test\"]\nupstreams = [{upstreams}]\n"
    ));
    let crowd = Arc::<Crowd>::default();
    for _ in 0..clients {
        runtime.spawn(Arc::clone(&crowd).stay(gateway.address()));
    }
    crowd.wait_for(clients);
    (gateway, crowd)
}

#[test]
fn a_crowd_comes_back_at_a_bounded_pace_and_all_join_again() {
    // As many as `CROWD` says; the nightly run does.
    let clients = std::env::var("CROWD").map_or(1000, |text| text.parse().unwrap());
    let runtime = Runtime::new().unwrap();
    let app = App::start(&runtime, ANY);
    let (_gateway, crowd) = crowd(&runtime, &[&app], clients, "");

    let (before, began) = (crowd.attempts.load(SeqCst), Instant::now());
    app.running.abort();
    crowd.wait_for(0);
    // Long enough that phoenix.js would have given up on anything slower.
    let many = before + 3 * clients;
    eventually("many attempts", || {
        (crowd.attempts.load(SeqCst) >= many).then_some(())
    });
    let (attempts, took) = (crowd.attempts.load(SeqCst) - before, began.elapsed());
    // All come at once at first, when the gateway can't know how many there will be.
    let pace = (OPENINGS_PER_SECOND * WORKERS).max(clients / ROUND_SECONDS);
    let millis = usize::try_from(took.as_millis()).unwrap();
    let bound = 2 * clients + pace * 3 / 2 * millis / 1000;
    assert!(attempts <= bound, "{attempts} attempts in {took:?}");

    let _again = App::start(&runtime, app.address);
    crowd.wait_for(clients);
    assert_eq!(crowd.spoiled.load(SeqCst), 0);
}

#[test]
fn the_sockets_of_a_node_that_dies_come_to_the_other_at_its_pace() {
    const CLIENTS: usize = 400;
    const UPGRADES: usize = 50;
    let runtime = Runtime::new().unwrap();
    let [mortal, other] = [(); 2].map(|()| App::start(&runtime, ANY));
    let limits = format!("[limits]\nupgrades = {UPGRADES}");
    let (_gateway, crowd) = crowd(&runtime, &[&mortal, &other], CLIENTS, &limits);
    let lost = mortal.open.load(SeqCst);
    let began = Instant::now();
    mortal.running.abort();
    eventually("all on one node", || {
        (other.open.load(SeqCst) >= CLIENTS).then_some(())
    });
    crowd.wait_for(CLIENTS);
    // What two nodes may have in a second may come at once, the rest at the pace of one.
    let waiting = lost.saturating_sub(2 * UPGRADES);
    let least = Duration::from_secs(1) * u32::try_from(waiting / UPGRADES).unwrap();
    let took = began.elapsed();
    assert!(took >= least, "{lost} within {took:?}");
    assert_eq!(crowd.spoiled.load(SeqCst), 0);
}
