//! A hosts file, and the block of one project in it. Whatever stands outside stays byte for byte.

use std::{collections::BTreeSet, ops::Range};

/// The line before a project's lines; its folder follows.
const BEGIN: &str = "# mesh-router: begin ";

/// The line after them.
const END: &str = "# mesh-router: end";

/// This machine; both, since browsers and macOS ask for both.
const ADDRESSES: [&str; 2] = ["127.0.0.1", "::1"];

/// A hosts file taken apart.
#[derive(Debug)]
pub(super) struct HostsFile {
    bytes: Vec<u8>,
    root: String,
    /// Our blocks, their marker lines included: one, unless somebody copied it.
    blocks: Vec<Range<usize>>,
}

/// Marker lines that don't pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The line, counted from 1.
    pub(super) line: usize,
    /// What is wrong there, and how to mend it.
    pub(super) what: String,
}

/// What a file is to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// All of it.
    pub(super) bytes: Vec<u8>,
    /// Lines that come.
    pub(super) added: Vec<String>,
    /// Lines that go.
    pub(super) removed: Vec<String>,
    is_same: bool,
}

impl Change {
    /// Returns whether the file stays as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.is_same
    }
}

/// The lines of a block, its markers included; none where there is no host.
pub(super) fn lines(root: &str, hosts: &BTreeSet<String>) -> Vec<String> {
    if hosts.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("{BEGIN}{root}")];
    for host in hosts {
        lines.extend(ADDRESSES.map(|address| format!("{address} {host}")));
    }
    lines.push(END.to_owned());
    lines
}

impl HostsFile {
    /// Finds the block of the project at `root`. Every block must be whole: where one isn't, nobody
    /// can say whose the lines after it are.
    pub(super) fn parse(bytes: Vec<u8>, root: &str) -> Result<Self, Broken> {
        // A marker line ends where its text does.
        let root = root.trim_end();
        let mut blocks = Vec::new();
        let mut open: Option<(usize, usize, bool)> = None;
        let mut start = 0_usize;
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let (number, end) = (index.saturating_add(1), start.saturating_add(line.len()));
            match (Marker::of(line), open) {
                (Some(Marker::Begin(whose)), None) => open = Some((number, start, whose == root)),
                (Some(Marker::Begin(_)), Some((begun, ..))) => return Err(unended(begun)),
                (Some(Marker::End), Some((_, from, is_ours))) => {
                    blocks.extend(is_ours.then_some(from..end));
                    open = None;
                }
                (Some(Marker::End), None) => {
                    return Err(Broken {
                        line: number,
                        what: format!(
                            "`{END}` without a begin; delete this line, or add the other"
                        ),
                    });
                }
                (None, _) => {}
            }
            start = end;
        }
        match open {
            Some((begun, ..)) => Err(unended(begun)),
            None => Ok(Self {
                root: root.to_owned(),
                blocks,
                bytes,
            }),
        }
    }

    /// The hosts in our block.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.ours().flat_map(|line| line.split_whitespace().skip(1))
    }

    /// The file with these hosts in our block; without any there is no block.
    pub(super) fn with(&self, hosts: &BTreeSet<String>) -> Change {
        let lines = lines(&self.root, hosts);
        let ending = match self.bytes.split_inclusive(|byte| *byte == b'\n').next() {
            Some(first) if first.ends_with(b"\r\n") => "\r\n",
            Some(_) | None => "\n",
        };
        let block: String = lines.iter().map(|line| format!("{line}{ending}")).collect();
        let mut bytes = Vec::with_capacity(self.bytes.len().saturating_add(block.len()));
        let mut from = 0_usize;
        for (index, range) in self.blocks.iter().enumerate() {
            bytes.extend_from_slice(self.bytes.get(from..range.start).unwrap_or_default());
            if index == 0 {
                bytes.extend_from_slice(block.as_bytes());
            }
            from = range.end;
        }
        bytes.extend_from_slice(self.bytes.get(from..).unwrap_or_default());
        if self.blocks.is_empty() && !block.is_empty() {
            let is_open = bytes.last().is_some_and(|last| *last != b'\n');
            if is_open {
                bytes.extend_from_slice(ending.as_bytes());
            }
            bytes.extend_from_slice(block.as_bytes());
        }
        let new: BTreeSet<&str> = lines.iter().map(String::as_str).collect();
        let old: BTreeSet<&str> = self.all().collect();
        Change {
            added: lines
                .iter()
                .filter(|it| !old.contains(it.as_str()))
                .cloned()
                .collect(),
            removed: self
                .all()
                .filter(|it| !new.contains(it))
                .map(str::to_owned)
                .collect(),
            is_same: bytes == self.bytes,
            bytes,
        }
    }

    /// The lines of our blocks that name hosts.
    fn ours(&self) -> impl Iterator<Item = &str> {
        self.all().filter(|line| !line.starts_with('#'))
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        let blocks = self
            .blocks
            .iter()
            .filter_map(|range| self.bytes.get(range.clone()));
        // What is no text in there was not written by us, and names no host.
        let texts = blocks.map(|block| std::str::from_utf8(block).unwrap_or_default());
        texts.flat_map(str::lines).map(str::trim)
    }
}

fn unended(line: usize) -> Broken {
    Broken {
        line,
        what: format!("this block has no `{END}`; add that line where the block ends"),
    }
}

enum Marker<'a> {
    Begin(&'a str),
    End,
}

impl<'a> Marker<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        let line = std::str::from_utf8(line).ok()?.trim();
        match line.strip_prefix(BEGIN) {
            Some(root) => Some(Self::Begin(root.trim_start())),
            None => (line == END).then_some(Self::End),
        }
    }
}
