//! How clients of admin are kept from costing anything: bounds on connections, heads and time.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::Router;
use hyper::{body::Incoming, server::conn::http1, service::Service as _};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use proxy::Reserve;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
    task::{AbortHandle, JoinHandle, JoinSet},
    time,
};
use tracing::warn;

use crate::{
    Bound, Watched, Wish,
    api::{self, Guard},
    listener::{Door, Stream},
};

/// Clients at once; one more, and the one that has waited longest without asking goes.
const CONNECTIONS_MAX: usize = 64;
/// Bytes of a request's head. No body is ever read.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How long a request's head may take.
const HEAD_TIME_MAX: Duration = Duration::from_secs(5);
/// How long a client may stay in all; each has one request.
const CONNECTION_TIME_MAX: Duration = Duration::from_secs(40);
/// How long answers under way may take at the end.
const FINISH_MAX: Duration = Duration::from_secs(1);
/// Descriptors kept back for when clients of the gateway have all others.
const RESERVE: usize = 8;
/// How long to leave off after an accept that failed, as it does where descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A listener that answers. Dropping it ends it at once; [`Server::finish`] is the kind way.
#[derive(Debug)]
pub struct Server {
    /// Used, or dropped, to end it.
    end: oneshot::Sender<Succession>,
    task: Dropped,
}

/// Who accepts after us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Succession {
    /// Nobody: a Unix socket's file goes with us.
    #[default]
    Nobody,
    /// Another process, from the same socket.
    Successor,
}

/// A task that ends with its owner.
#[derive(Debug)]
struct Dropped(JoinHandle<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Answers the admin API on `bound`. Must be called on a tokio runtime.
///
/// # Errors
///
/// If the runtime does not take the socket.
pub fn serve_admin(
    bound: Bound,
    watched: Watched,
    wishes: mpsc::Sender<Wish>,
) -> io::Result<Server> {
    let guard = match bound.is_tcp() {
        true => Guard::Loopback,
        // No browser gets there.
        false => Guard::Open,
    };
    serve(bound, api::admin(watched, wishes, guard))
}

/// Answers `/healthz` and `/readyz` on `bound`, to anybody. Must be called on a tokio runtime.
///
/// # Errors
///
/// If the runtime does not take the socket.
pub fn serve_health(bound: Bound, watched: Watched) -> io::Result<Server> {
    serve(bound, api::health(watched))
}

fn serve(bound: Bound, router: Router) -> io::Result<Server> {
    let door = bound.open()?;
    let (end, ended) = oneshot::channel();
    let task = Dropped(tokio::spawn(attend(door, router, ended)));
    Ok(Server { end, task })
}

impl Server {
    /// Accepts no more, and waits a moment for answers under way. Dropping it ends them.
    pub async fn finish(self, succession: Succession) {
        let Self { end, mut task } = self;
        // A task that has ended needs no word.
        let _ = end.send(succession);
        // A task that panicked has nothing more to do either.
        let _ = (&mut task.0).await;
    }
}

/// Accepts and serves until `ended`.
async fn attend(mut door: Door, router: Router, mut ended: oneshot::Receiver<Succession>) {
    let mut guests = Guests::default();
    let mut reserve = Reserve::new(RESERVE);
    loop {
        tokio::select! {
            succession = &mut ended => {
                if succession.unwrap_or_default() == Succession::Successor {
                    door.keep_file();
                }
                break;
            }
            Some(_) = guests.tasks.join_next() => reserve.refill(),
            accepted = door.accept() => match accepted {
                Ok(stream) => guests.welcome(stream, &router),
                // Whoever asks what is wrong is answered with what was kept back.
                Err(error) if proxy::is_out_of_descriptors(&error) && reserve.spend() => {}
                Err(error) => {
                    warn!(%error, "admin connection not accepted");
                    time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(door);
    guests.leave().await;
}

/// The clients that are there.
#[derive(Debug, Default)]
struct Guests {
    tasks: JoinSet<()>,
    /// In the order they came; some may have gone.
    present: VecDeque<Guest>,
}

#[derive(Debug)]
struct Guest {
    task: AbortHandle,
    /// Its request has come.
    asked: Arc<AtomicBool>,
}

impl Guests {
    fn welcome(&mut self, stream: Stream, router: &Router) {
        self.present.retain(|guest| !guest.task.is_finished());
        if self.present.len() >= CONNECTIONS_MAX {
            let idle = self.present.iter().position(|it| !it.asked.load(Relaxed));
            if let Some(guest) = self.present.remove(idle.unwrap_or_default()) {
                guest.task.abort();
            }
        }
        let asked = Arc::new(AtomicBool::new(false));
        let (router, flag) = (router.clone(), Arc::clone(&asked));
        let task = match stream {
            Stream::Tcp(stream) => self.tasks.spawn(converse(stream, router, flag)),
            Stream::Unix(stream) => self.tasks.spawn(converse(stream, router, flag)),
        };
        self.present.push_back(Guest { task, asked });
    }

    /// Lets those who have asked have their answer.
    async fn leave(mut self) {
        for guest in &self.present {
            if !guest.asked.load(Relaxed) {
                guest.task.abort();
            }
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // Whoever takes longer is dropped with the set.
        let _ = time::timeout(FINISH_MAX, all).await;
    }
}

/// Answers one request.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: Router,
    asked: Arc<AtomicBool>,
) {
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        asked.store(true, Relaxed);
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        // Probes and scrapes come seconds apart: a connection kept would only have to be watched.
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // A client that broke off or took too long has nobody here who would want to know.
    let _ = time::timeout(CONNECTION_TIME_MAX, connection).await;
}
