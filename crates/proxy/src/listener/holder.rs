//! Who listens on a port that we can't have.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

/// How long another program may take to answer on this machine's own port.
const ANSWER_MAX: Duration = Duration::from_millis(200);

/// Names the program that listens on `address`, or on all addresses with its port:
/// `beam.smp (pid 812)`. `None` where the system doesn't tell, as for another user's programs.
pub(super) fn of(address: SocketAddr) -> Option<String> {
    if cfg!(target_os = "linux") {
        proc::listener_of(address)
    } else {
        None
    }
}

/// Names the program that listens on the Unix socket at `path`, as it was written when it bound.
pub(super) fn of_path(path: &Path) -> Option<String> {
    if cfg!(target_os = "linux") {
        proc::listener_at(path)
    } else {
        None
    }
}

/// Fails as a bind does if somebody answers at `address`.
pub(super) fn refuse_if_answered(address: SocketAddr) -> io::Result<()> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    match TcpStream::connect_timeout(&SocketAddr::new(ip, address.port()), ANSWER_MAX) {
        Ok(_) => Err(ErrorKind::AddrInUse.into()),
        Err(_) => Ok(()),
    }
}

/// Linux's tables of sockets and of the files that processes hold.
mod proc {
    use std::{
        fs,
        net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
        path::Path,
    };

    /// The state of a listening socket in `/proc/net/tcp`.
    const LISTEN: &str = "0A";

    pub(super) fn listener_of(address: SocketAddr) -> Option<String> {
        let mut links = Vec::new();
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            // No table of a family that the kernel doesn't have.
            let Ok(table) = fs::read_to_string(table) else {
                continue;
            };
            let inodes = table.lines().filter_map(|line| inode(line, address));
            links.extend(inodes.map(link));
        }
        program_with(&links)
    }

    pub(super) fn listener_at(path: &Path) -> Option<String> {
        /// Set in the column of flags for a socket that listens (`__SO_ACCEPTCON`).
        const LISTENS: &str = "00010000";
        let table = fs::read_to_string("/proc/net/unix").ok()?;
        let path = path.to_str()?;
        let inode = |line: &str| {
            let mut columns = line.splitn(7, ' ');
            let flags = columns.nth(3)?;
            let rest = columns.nth(2)?.trim_start();
            let (inode, bound) = rest.split_once(' ')?;
            (flags == LISTENS && bound == path).then(|| link(inode))
        };
        let links: Vec<String> = table.lines().filter_map(inode).collect();
        program_with(&links)
    }

    /// How a process's file of this socket reads.
    fn link(inode: &str) -> String {
        format!("socket:[{inode}]")
    }

    fn program_with(links: &[String]) -> Option<String> {
        fs::read_dir("/proc").ok()?.flatten().find_map(|process| {
            let pid: u32 = process.file_name().to_str()?.parse().ok()?;
            if !holds_any(&process.path(), links) {
                return None;
            }
            let name = fs::read_to_string(process.path().join("comm")).ok()?;
            Some(format!("{} (pid {pid})", name.trim_end()))
        })
    }

    /// The inode of the socket on this line, if it listens where `wanted` would.
    fn inode(line: &str, wanted: SocketAddr) -> Option<&str> {
        let mut columns = line.split_ascii_whitespace();
        let local = columns.nth(1)?;
        let state = columns.nth(1)?;
        let inode = columns.nth(5)?;
        let (ip, port) = local.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let ip = address(ip)?;
        let meets = ip == wanted.ip() || ip.is_unspecified() || wanted.ip().is_unspecified();
        (state == LISTEN && port == wanted.port() && meets).then_some(inode)
    }

    /// Addresses stand there as words of four bytes in the machine's order.
    fn address(hex: &str) -> Option<IpAddr> {
        let word = |index: usize| {
            let digits = hex.get(index * 8..index * 8 + 8)?;
            Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
        };
        if hex.len() == 8 {
            return Some(Ipv4Addr::from(word(0)?).into());
        }
        let words = [word(0)?, word(1)?, word(2)?, word(3)?];
        let mut bytes = [0; 16];
        bytes.copy_from_slice(words.as_flattened());
        Some(Ipv6Addr::from(bytes).to_canonical())
    }

    fn holds_any(process: &Path, links: &[String]) -> bool {
        // Another user's process doesn't show its files.
        let Ok(files) = fs::read_dir(process.join("fd")) else {
            return false;
        };
        files.flatten().any(|file| {
            let link = fs::read_link(file.path());
            link.is_ok_and(|link| {
                links
                    .iter()
                    .any(|wanted| link.as_os_str() == wanted.as_str())
            })
        })
    }
}
