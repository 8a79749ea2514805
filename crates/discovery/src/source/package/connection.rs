//! One VM's connection, whichever door it came through.

use std::{fmt, io, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{
    frame::{Frames, TooLong},
    message::{FromVm, Hello, ToVm, Unreadable},
    outbox::Outbox,
    words::Words,
};

/// How long a VM may take to say who it is.
pub(crate) const HELLO_MAX: Duration = Duration::from_secs(5);

/// How long the last messages may take to be taken.
const FAREWELL_MAX: Duration = Duration::from_secs(1);

/// Bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;

/// Where a VM's frames come from.
pub(crate) type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Where frames to a VM go.
pub(crate) type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Reads a VM's messages.
pub(crate) struct Reader {
    input: Input,
    frames: Frames,
    buffer: Box<[u8]>,
    /// What is known of the VM, for a gateway that takes our place.
    pub(crate) words: Words,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// Why nothing more can be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The other end is not there any more.
    Io(io::Error),
    /// A frame is too long.
    Frame(TooLong),
    /// A frame is no message.
    Message(Unreadable),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Frame(error) => error.fmt(f),
            Self::Message(error) => error.fmt(f),
        }
    }
}

impl Reader {
    pub(crate) fn new(input: Input) -> Self {
        Self {
            input,
            frames: Frames::default(),
            buffer: vec![0; READ_BYTES].into(),
            words: Words::default(),
        }
    }

    /// Reads the next message; `None` at the end. Dropping it loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<FromVm>, ReadError> {
        loop {
            if let Some(frame) = self.frames.take().map_err(ReadError::Frame)? {
                let message = FromVm::read(frame).map_err(ReadError::Message)?;
                self.words.keep(&message, frame);
                return Ok(Some(message));
            }
            match self.input.read(&mut self.buffer).await {
                Ok(0) => return Ok(None),
                Ok(count) => self.frames.feed(&self.buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Io(error)),
            }
        }
    }
}

/// Sends what the outbox has until it ends or the VM is not there any more. A VM that does not read
/// holds up nobody but itself, and its last messages for a second only.
pub(crate) async fn write(outbox: Outbox, mut output: Output) {
    let late = async {
        outbox.ended().await;
        sleep(FAREWELL_MAX).await;
    };
    tokio::select! {
        // Who is not there any more is noticed by whoever reads from it.
        _ = send_all(&outbox, &mut output) => {}
        () = late => {}
    }
}

async fn send_all(outbox: &Outbox, output: &mut Output) -> io::Result<()> {
    while let Some(frames) = outbox.next().await {
        for frame in frames {
            output.write_all(&frame).await?;
        }
        output.flush().await?;
    }
    output.shutdown().await
}

/// The VM that started us, at the other end of our standard input and output.
#[derive(Debug)]
pub struct Parent {
    /// Who it is.
    pub hello: Hello,
    pub(crate) reader: Option<Reader>,
    pub(crate) outbox: Outbox,
    writing: JoinHandle<()>,
}

/// Why the VM that started us can't be served. It was told, where it could be.
#[derive(Debug)]
pub enum GreetError {
    /// Its end came before it said who it is.
    Ended,
    /// It did not say who it is in time.
    Silent,
    /// What it said was refused.
    Refused(String),
}

impl fmt::Display for GreetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str(
                "standard input ended before a hello came (--package is for the Hex package, which \
                 speaks on standard input)",
            ),
            Self::Silent => write!(f, "{}", silent()),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for GreetError {}

/// Says that no hello came.
pub(crate) fn silent() -> String {
    format!("no hello came within {} s", HELLO_MAX.as_secs())
}

/// Reads who the VM is that started us, before anything else is done. Must be called on a tokio
/// runtime. Dropping it loses what was read.
///
/// # Errors
///
/// It says nothing that can be served; it was told so.
pub async fn greet(
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<Parent, GreetError> {
    let mut reader = Reader::new(Box::new(input));
    let outbox = Outbox::default();
    let writing = tokio::spawn(write(outbox.clone(), Box::new(output)));
    let mut parent = Parent {
        hello: Hello::default(),
        reader: None,
        outbox,
        writing,
    };
    let error = match timeout(HELLO_MAX, reader.next()).await {
        Ok(Ok(Some(FromVm::Hello(hello)))) => {
            parent.hello = *hello;
            parent.reader = Some(reader);
            return Ok(parent);
        }
        Ok(Ok(Some(FromVm::Report(_) | FromVm::Bye | FromVm::Other))) => {
            GreetError::Refused("the first message is hello".to_owned())
        }
        Ok(Ok(None) | Err(ReadError::Io(_))) => return Err(GreetError::Ended),
        Ok(Err(error @ (ReadError::Frame(_) | ReadError::Message(_)))) => {
            GreetError::Refused(error.to_string())
        }
        Err(_) => GreetError::Silent,
    };
    let refused = ToVm::Refused(error.to_string());
    parent.end(Some(&refused)).await;
    Err(error)
}

impl Parent {
    /// Where messages to it wait.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    /// Tells it that the gateway can't start. Waits for a second at most; dropped before it returns,
    /// the message may not have been sent.
    pub async fn fail(self, status: u8, why: String) {
        self.end(Some(&ToVm::Failed { status, why })).await;
    }

    /// Sends what still waits. Waits and drops as [`fail`](Self::fail) does.
    pub async fn finish(self) {
        self.end(None).await;
    }

    async fn end(self, last: Option<&ToVm>) {
        self.outbox.end(last);
        // It has a bound of its own, and fails only where it is ended with the runtime.
        let _ = self.writing.await;
    }
}
