//! The secret that nodes share. Whoever has it may run any code on them.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use md5::{Digest, Md5};

#[cfg(test)]
mod tests;

/// Characters of a cookie, at most: it is an atom on every node.
const COOKIE_CHARS_MAX: usize = 255;

/// Bytes of a cookie's file, at most; white space may stand behind the cookie.
const FILE_BYTES_MAX: u64 = 1024;

/// Bits of a file's mode that let others than its owner in.
const MODE_OTHERS: u32 = 0o077;

/// The same where the group's bits are the mask of an access list.
const MODE_OTHERS_OF_CREDENTIAL: u32 = 0o007;

/// A node's cookie. Neither `Debug` nor an error ever shows it.
#[derive(Clone)]
pub struct Cookie(String);

/// How to take a file that others may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Refuse it, as OTP does: `~/.erlang.cookie`, `--cookie-file`.
    Refuse,
    /// Take it and tell: `releases/COOKIE`, which `mix release` makes readable for all.
    Warn,
    /// As `Refuse`, for a file in systemd's `$CREDENTIALS_DIRECTORY`. It is root's, and an access list
    /// lets the service's user read it: that is why its group seems to (0440).
    Credential,
}

impl Strictness {
    /// Bits of a mode that make a file loose.
    fn loose(self) -> u32 {
        match self {
            Self::Refuse | Self::Warn => MODE_OTHERS,
            Self::Credential => MODE_OTHERS_OF_CREDENTIAL,
        }
    }
}

/// What [`Cookie::read`] found.
#[derive(Clone, Debug)]
pub struct CookieFile {
    /// The cookie.
    pub cookie: Cookie,
    /// Whether others than the file's owner may read it.
    pub is_loose: bool,
}

/// Why there is no cookie.
#[derive(Debug, thiserror::Error)]
pub enum CookieError {
    /// The file can't be read.
    #[error("reading the cookie from {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may read the file.
    #[error("others may read the cookie in {path}: chmod 400 {path}", path = .0.display())]
    Loose(PathBuf),
    /// The file, or the value, holds none.
    #[error("a cookie has at least one character")]
    Empty,
    /// It is longer than an atom can be.
    #[error("a cookie has at most {COOKIE_CHARS_MAX} characters")]
    Long,
    /// It has white space within, or characters beyond ASCII.
    #[error("a cookie has no characters but those from `!` to `~`")]
    Characters,
}

impl Cookie {
    /// Takes a cookie as it is, from `RELEASE_COOKIE` for instance.
    ///
    /// # Errors
    ///
    /// It is empty, too long, or has characters that a cookie's file could not have.
    pub fn new(text: &str) -> Result<Self, CookieError> {
        match text.len() {
            0 => Err(CookieError::Empty),
            len if len > COOKIE_CHARS_MAX => Err(CookieError::Long),
            _ if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Self(text.to_owned())),
            _ => Err(CookieError::Characters),
        }
    }

    /// Reads a cookie's file as OTP's `auth` does: white space behind the cookie does not count.
    ///
    /// # Errors
    ///
    /// The file can't be read, others may read it (unless with [`Strictness::Warn`]), or it holds no cookie.
    pub fn read(path: &Path, strictness: Strictness) -> Result<CookieFile, CookieError> {
        let unreadable = |source| CookieError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        // Of the file that is open, not of what the path names by now.
        let is_loose = mode(&file).map_err(unreadable)? & strictness.loose() != 0;
        if is_loose && strictness != Strictness::Warn {
            return Err(CookieError::Loose(path.to_owned()));
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() > usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX) {
            return Err(CookieError::Long);
        }
        let text = str::from_utf8(&bytes).map_err(|_| CookieError::Characters)?;
        let cookie = Self::new(text.trim_end_matches(['\n', '\r', ' ']))?;
        Ok(CookieFile { cookie, is_loose })
    }

    /// Returns the digest that proves knowledge of the cookie: MD5 of the cookie and the challenge in
    /// decimal digits ("Distribution Handshake").
    pub(crate) fn digest(&self, challenge: u32) -> [u8; 16] {
        let mut digest = Md5::new();
        digest.update(&self.0);
        digest.update(challenge.to_string());
        digest.finalize().into()
    }
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cookie(…)")
    }
}

#[cfg(unix)]
fn mode(file: &File) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode())
}

/// Where files have no such mode, OTP does not ask for one either.
#[cfg(not(unix))]
fn mode(_file: &File) -> io::Result<u32> {
    Ok(0)
}
