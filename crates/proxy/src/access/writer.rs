//! The thread that writes access lines to where they go.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::Ordering::Relaxed,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    thread,
    time::Duration,
};

use super::{BATCHES_MAX, Batch, Journal, Lost, Shared, Sink, line::Format};

/// Where access lines go.
#[derive(Clone, Debug)]
pub enum AccessLog {
    /// Nowhere.
    Off,
    /// To standard output.
    Stdout {
        /// Short text instead of JSON.
        terminal: bool,
    },
    /// To standard error.
    Stderr {
        /// Short text instead of JSON.
        terminal: bool,
    },
    /// To the end of a file, as JSON. After an error the file is opened anew.
    File(PathBuf),
}

/// The writing thread, and what makes the workers' ends.
#[derive(Debug)]
pub(crate) struct Writer {
    sink: Option<Sink>,
    /// Closed when the thread has written everything.
    done: Option<Receiver<()>>,
    lost: Lost,
}

impl Writer {
    /// Opens the file, if it is one, and starts the thread.
    pub(crate) fn start(log: &AccessLog) -> io::Result<Self> {
        let (target, format) = match log {
            AccessLog::Off => {
                return Ok(Self {
                    sink: None,
                    done: None,
                    lost: Lost::default(),
                });
            }
            AccessLog::Stdout { terminal } => (Target::Stdout, format(*terminal)),
            AccessLog::Stderr { terminal } => (Target::Stderr, format(*terminal)),
            AccessLog::File(path) => (Target::open(path)?, Format::Json),
        };
        let (batches, received) = mpsc::sync_channel(BATCHES_MAX);
        let shared = Arc::new(Shared::default());
        let (finished, done) = mpsc::sync_channel(0);
        let lost = Lost(Arc::clone(&shared));
        let of_writer = Arc::clone(&shared);
        let write = move || write_all(&received, target, &of_writer, &finished);
        thread::Builder::new()
            .name("access-log".into())
            .spawn(write)?;
        Ok(Self {
            sink: Some(Sink {
                batches,
                shared,
                format,
            }),
            done: Some(done),
            lost,
        })
    }

    /// Makes one worker's end.
    pub(crate) fn journal(&self) -> Journal {
        Journal::new(self.sink.clone())
    }

    /// Returns the count of the lines that the writer itself lost.
    pub(crate) fn lost(&self) -> Lost {
        self.lost.clone()
    }

    /// Waits until everything is written, for `patience` at most: a reader that is stuck must not
    /// keep the process. All journals must be gone.
    pub(crate) fn finish(self, patience: Duration) {
        drop(self.sink);
        if let Some(done) = self.done
            && done.recv_timeout(patience) == Err(RecvTimeoutError::Timeout)
        {
            tracing::warn!("access log is stuck, its last lines are lost");
        }
    }
}

fn format(terminal: bool) -> Format {
    if terminal { Format::Text } else { Format::Json }
}

/// Ends when all journals are gone; `_finished` tells so by being dropped.
fn write_all(
    batches: &Receiver<Batch>,
    mut target: Target,
    shared: &Shared,
    _finished: &SyncSender<()>,
) {
    let mut was_lost = false;
    for batch in batches {
        let written = target.write(&batch.bytes).or_else(|_| {
            target.reopen()?;
            target.write(&batch.bytes)
        });
        if let Err(error) = &written {
            shared.lost.fetch_add(batch.lines, Relaxed);
            if !was_lost {
                tracing::error!(%error, "access lines lost");
            }
        }
        was_lost = written.is_err();
        shared.give_back(batch.bytes);
    }
}

#[derive(Debug)]
enum Target {
    Stdout,
    Stderr,
    File(PathBuf, File),
}

impl Target {
    fn open(path: &Path) -> io::Result<Self> {
        let opened = OpenOptions::new().append(true).create(true).open(path);
        let file = opened.map_err(|error| {
            let message = format!("opening the access log {}: {error}", path.display());
            io::Error::new(error.kind(), message)
        })?;
        Ok(Self::File(path.to_owned(), file))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes)?;
                stdout.flush()
            }
            Self::Stderr => io::stderr().lock().write_all(bytes),
            Self::File(_, file) => file.write_all(bytes),
        }
    }

    /// Opens a file anew; what is no file can't be mended.
    fn reopen(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout | Self::Stderr => Err(io::ErrorKind::BrokenPipe.into()),
            Self::File(path, _) => {
                *self = Self::open(path)?;
                Ok(())
            }
        }
    }
}
