//! Asks a running gateway by its admin listener.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use admin::StatusView;
use anyhow::{Context as _, anyhow, bail};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Method, Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use proxy::ListenAddress;
use serde::{Deserialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time,
};

use crate::{
    args::Options,
    config::{self, Environment, Listen, Place, Problem, Problems},
    output::plain,
    setup::Setup,
};

#[cfg(test)]
mod tests;

/// How long connecting may take, which on one machine is at once.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// How long an answer may take: a reload reads the whole project.
const ANSWER_MAX: Duration = Duration::from_secs(45);
/// Bytes of an answer: a table of thousands of hosts has a few MiB.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A running gateway that can be asked.
#[derive(Debug)]
pub(crate) struct Running {
    address: ListenAddress,
    /// Where that was written.
    place: String,
    /// The project that it should be the gateway of; `None`: whichever answers is meant.
    project: Option<PathBuf>,
    /// What is wrong with the settings that this was read from.
    problems: Option<Problems>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    text: String,
}

#[derive(Deserialize)]
struct ProblemView {
    detail: String,
}

impl Running {
    /// Finds the admin listener: the one named, or the one that the settings give the gateway.
    pub(crate) fn find(named: Option<&str>, options: &Options) -> anyhow::Result<Self> {
        if let Some(text) = named {
            return Self::named(text);
        }
        let (setup, problems) = Setup::load_to_ask(options, &Environment::of_process())?;
        let Some(listen) = &setup.config.admin else {
            let written = setup.config.written("admin.listen");
            bail!(
                "[admin] listen is \"off\" ({written}), so a running gateway can't be asked; give it \
                 an address there, or name one with --admin"
            );
        };
        Self::at(listen, "admin", problems).map(|found| Self {
            project: setup.project,
            ..found
        })
    }

    /// Finds what tells whether the gateway is ready: the health listener where there is one, else
    /// admin's.
    pub(crate) fn find_health(named: Option<&str>, options: &Options) -> anyhow::Result<Self> {
        if let Some(text) = named {
            return Self::named(text);
        }
        let (setup, problems) = Setup::load_to_ask(options, &Environment::of_process())?;
        match (&setup.config.health, &setup.config.admin) {
            (Some(listen), _) => Self::at(listen, "health", problems),
            (None, Some(listen)) => Self::at(listen, "admin", problems),
            (None, None) => bail!(
                "[admin] listen is \"off\" ({}) and there is no [health] listen: nobody can be asked",
                setup.config.written("admin.listen")
            ),
        }
    }

    fn named(text: &str) -> anyhow::Result<Self> {
        let bare = text.strip_prefix("http://").unwrap_or(text);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        let parsed = config::address(bare, Path::new(""));
        let address = parsed
            .map_err(|message| Problems(vec![Problem::new(&Place::Flag("--admin"), message)]))?;
        Ok(Self {
            address: config::listening(address),
            place: "--admin".to_owned(),
            project: None,
            problems: None,
        })
    }

    fn at(listen: &Listen, section: &str, problems: Option<Problems>) -> anyhow::Result<Self> {
        let place = match listen.is_asked() {
            true => format!("[{section}] listen, {}", listen.place),
            false => format!("the default of [{section}] listen"),
        };
        let address = match &listen.address {
            ListenAddress::Tcp(address) if address.port() == 0 => bail!(
                "[{section}] listen has port 0 ({}), so only the running gateway knows where it \
                 listens: its log says \"{section} listening\"; name that address with --admin",
                listen.place
            ),
            ListenAddress::Tcp(address) => ListenAddress::Tcp(reached(*address)),
            ListenAddress::Unix(path) => ListenAddress::Unix(path.clone()),
        };
        Ok(Self {
            address,
            place,
            project: None,
            problems,
        })
    }

    /// Where it is, in words.
    pub(crate) fn address(&self) -> &ListenAddress {
        &self.address
    }

    /// Asks how it stands.
    pub(crate) fn status(&self) -> anyhow::Result<StatusView> {
        self.get("/api/v1/status")
    }

    /// Says what is odd about the gateway that answered: the address may be another project's.
    pub(crate) fn stranger(&self, status: &StatusView) -> Option<String> {
        let (ours, theirs) = (self.project.as_ref()?, status.project.as_ref()?);
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        (real(ours) != real(Path::new(theirs))).then(|| {
            format!(
                "the gateway at {} (pid {}) is that of {}, not of {}; name yours with --admin, or give \
                 it an address of its own ([admin] listen)",
                self.address,
                status.pid,
                plain(theirs),
                ours.display()
            )
        })
    }

    /// Asks how it stands, and refuses another project's gateway.
    pub(crate) fn own_status(&self) -> anyhow::Result<StatusView> {
        let status = self.status()?;
        match self.stranger(&status) {
            None => Ok(status),
            Some(stranger) => Err(anyhow!(stranger)),
        }
    }

    /// Asks for JSON.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.send(Method::GET, path)?.json()
    }

    /// Sends a request, and returns the answer of a gateway, whatever its status.
    pub(crate) fn send(&self, method: Method, path: &str) -> anyhow::Result<Answer> {
        let asking = async {
            match &self.address {
                ListenAddress::Tcp(address) => {
                    let connecting = TcpStream::connect(address);
                    self.converse(connecting, method, path).await
                }
                ListenAddress::Unix(socket) => {
                    let connecting = UnixStream::connect(socket);
                    self.converse(connecting, method, path).await
                }
            }
        };
        crate::command::runtime()?.block_on(asking)
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        connecting: impl Future<Output = std::io::Result<S>>,
        method: Method,
        path: &str,
    ) -> anyhow::Result<Answer> {
        let connecting = time::timeout(CONNECT_MAX, connecting);
        let connected = connecting.await.unwrap_or_else(|late| Err(late.into()));
        let stream = connected.map_err(|error| self.nobody(&error))?;
        let host = match &self.address {
            ListenAddress::Tcp(address) => address.to_string(),
            ListenAddress::Unix(_) => "localhost".to_owned(),
        };
        let exchange = async {
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::HOST, host)
                .body(Empty::<Bytes>::new())?;
            // Takes the sender along: with it gone the connection ends, whatever the other side wants.
            let asking = async move {
                let answer = sender.send_request(request).await?;
                let (head, body) = answer.into_parts();
                let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
                let body = body.map_err(|error| anyhow!(error))?.to_bytes();
                anyhow::Ok((head, body))
            };
            // The connection's own end says nothing that the answer does not.
            let (answer, _) = tokio::join!(asking, connection);
            answer
        };
        let answered = time::timeout(ANSWER_MAX, exchange);
        let answered = answered.await.context("it does not answer").flatten();
        let (head, body) = answered.with_context(|| self.other())?;
        let server = head.headers.get(header::SERVER);
        let is_ours = server.is_some_and(|it| it.as_bytes().starts_with(b"mesh-router"));
        if !is_ours {
            bail!(self.other());
        }
        Ok(Answer {
            status: head.status.as_u16(),
            text: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    fn nobody(&self, error: &std::io::Error) -> anyhow::Error {
        let Self { address, place, .. } = self;
        let error = match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::NotFound => anyhow!(
                "no gateway answers at {address} ({place}): is it running? if its log says \"admin \
                 listening\" with another address, name that with --admin"
            ),
            ErrorKind::PermissionDenied => anyhow!(
                "the socket {address} ({place}) is its owner's alone: ask as the user who runs the \
                 gateway"
            ),
            _ => anyhow!("connecting to {address} ({place}): {error}"),
        };
        match &self.problems {
            // The address that is really meant may stand in what can't be read.
            Some(problems) => anyhow!("{error}\nand its settings can't be used:\n{problems}"),
            None => error,
        }
    }

    /// Says that something is there, and is no gateway of ours.
    fn other(&self) -> String {
        let Self { address, place, .. } = self;
        let holder = proxy::holder_of(address);
        let holder = holder.unwrap_or_else(|| "another program".to_owned());
        format!(
            "{holder} answers at {address} ({place}), and not as mesh-router's admin listener does; name \
             that with --admin"
        )
    }
}

impl Answer {
    /// Returns whether it was done.
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns what is said in words: of a problem, its detail.
    pub(crate) fn words(&self) -> String {
        match serde_json::from_str::<ProblemView>(&self.text) {
            Ok(problem) => problem.detail,
            Err(_) => self.text.trim().to_owned(),
        }
    }

    /// Reads it as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        if !self.is_good() {
            bail!(
                "the gateway answers {}: {}",
                self.status,
                plain(&self.words())
            );
        }
        serde_json::from_str(&self.text).context(
            "reading the gateway's answer, which may be of another version than this command",
        )
    }
}

/// The address by which this machine reaches a listener: one on all addresses is on loopback too.
fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
