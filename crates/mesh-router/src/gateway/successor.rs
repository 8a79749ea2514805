//! Another binary takes our place: it gets our listening sockets, and we leave once it accepts.

use std::{
    env, io,
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    process::{self, ExitStatus},
    time::Duration,
};

use anyhow::{Context as _, bail};
use command_fds::{CommandFdExt as _, FdMapping};
use proxy::Handed;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixStream, unix::OwnedReadHalf},
    process::{Child, Command},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::handover;

/// How long another binary may take until it accepts. What it waits for is bounded by less: running
/// nodes are given three seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first descriptor that is handed over (sd_listen_fds(3)).
const FIRST_DESCRIPTOR: i32 = 3;

/// A process that is about to take our place.
#[derive(Debug)]
pub(super) struct Successor {
    child: Child,
    /// Says when it is ready; ends where it can't be.
    word: OwnedReadHalf,
    /// Tells it what VMs said last.
    telling: JoinSet<()>,
    deadline: Instant,
}

impl Successor {
    /// Starts what our own command line names, as it is now on disk, with our sockets and `words`, what
    /// VMs said last.
    pub(super) fn start(sockets: &[Handed], words: Vec<u8>) -> anyhow::Result<Self> {
        if sockets.is_empty() {
            bail!("this gateway has no sockets to hand on");
        }
        if process::id() == 1 {
            bail!(
                "the first process of a container can't be replaced: the container ends with it; \
                 start another container instead"
            );
        }
        let mut arguments = env::args_os();
        let program = arguments.next().context("our own name is not known")?;
        let (ours, theirs) = StdStream::pair().context("making a channel")?;
        let (descriptors, names) = handed_on(sockets, theirs).context("copying our sockets")?;
        let mut command = process::Command::new(&program);
        command
            .args(arguments)
            .env(handover::DESCRIPTORS, descriptors.len().to_string())
            .env(handover::NAMES, names)
            // Only the process itself would know it. Without it the number is believed.
            .env_remove("LISTEN_PID")
            // systemfd's, for numbers that are none of ours.
            .env_remove("LISTEN_FDS_FIRST_FD")
            .fd_mappings(descriptors)
            .context("placing our sockets")?;
        ours.set_nonblocking(true).context("making a channel")?;
        let ours = UnixStream::from_std(ours).context("making a channel")?;
        let child = Command::from(command)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let (word, mut tell) = ours.into_split();
        let mut telling = JoinSet::new();
        telling.spawn(async move {
            // It does without where it can't be told. Dropping our half says that this was all.
            let _ = tell.write_all(&words).await;
        });
        Ok(Self {
            child,
            word,
            telling,
            deadline: Instant::now() + PATIENCE,
        })
    }

    /// Its process id, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits until it accepts. Dropping it loses nothing.
    ///
    /// # Errors
    ///
    /// If it ended, or takes too long; it is killed then.
    pub(super) async fn ready(&mut self) -> anyhow::Result<()> {
        let mut word = [0];
        let accepted = async {
            if self.word.read_exact(&mut word).await.is_ok() && word == [handover::READY] {
                return Ok(());
            }
            let ended = self.child.wait().await.context("waiting for it")?;
            bail!("it ended with {ended}, its log says why");
        };
        if let Ok(came) = timeout_at(self.deadline, accepted).await {
            return came;
        }
        self.kill().await;
        bail!("it did not accept within {} s", PATIENCE.as_secs());
    }

    /// Waits until it has ended; says how. Dropping it loses nothing.
    ///
    /// # Errors
    ///
    /// The system does not tell.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends it, since we leave before it accepts.
    pub(super) async fn dismiss(mut self) {
        self.kill().await;
    }

    async fn kill(&mut self) {
        self.telling.abort_all();
        // An error means that it has ended.
        let _ = self.child.kill().await;
    }
}

/// The descriptors for another process and their names, `theirs` last.
fn handed_on(sockets: &[Handed], theirs: StdStream) -> io::Result<(Vec<FdMapping>, String)> {
    let mut names = Vec::new();
    let mut descriptors = Vec::new();
    for socket in sockets {
        names.push(socket.purpose.name());
        descriptors.push(OwnedFd::from(socket.try_clone()?.into_socket()));
    }
    names.push(handover::PREDECESSOR);
    descriptors.push(theirs.into());
    let mappings = (FIRST_DESCRIPTOR..)
        .zip(descriptors)
        .map(|(child_fd, parent_fd)| FdMapping {
            parent_fd,
            child_fd,
        });
    Ok((mappings.collect(), names.join(":")))
}
