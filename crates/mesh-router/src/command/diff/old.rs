//! An earlier table: what `routes --json` printed.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::{
    config::{Place, Problem, Problems},
    view::RoutesView,
};

#[cfg(test)]
mod tests;

/// Bytes that an earlier table may have: some thousand services take a few MiB.
const TABLE_BYTES_MAX: u64 = 64 << 20;

/// The file as the user calls it.
pub(super) fn name(file: &Path) -> String {
    match file == Path::new("-") {
        true => "stdin".to_owned(),
        false => file.display().to_string(),
    }
}

/// Reads a table from a file, or from stdin.
pub(super) fn read(file: &Path) -> anyhow::Result<RoutesView> {
    let bytes = if file == Path::new("-") {
        bounded(io::stdin().lock())
    } else {
        File::open(file).and_then(bounded)
    };
    let name = name(file);
    let bytes = bytes.map_err(|error| {
        let message = format!("reading {name}: {error}");
        Problems(vec![Problem::new(&Place::Flag("--against"), message)])
    })?;
    Ok(parse(&name, &bytes)?)
}

fn bounded(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(TABLE_BYTES_MAX.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > TABLE_BYTES_MAX {
        let message = format!("it has more than {TABLE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(bytes)
}

/// Parses a table; what is wrong is said with line and column.
fn parse(name: &str, bytes: &[u8]) -> Result<RoutesView, Problems> {
    // Some shells write this mark in front of what they redirect.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| {
        let place = Place::File {
            file: name.to_owned(),
            line: u32::try_from(error.line()).unwrap_or(u32::MAX),
            column: u32::try_from(error.column()).unwrap_or(u32::MAX),
        };
        let text = error.to_string();
        // The place stands in front already.
        let text = text
            .rsplit_once(" at line ")
            .map_or(&*text, |(text, _)| text);
        let message = match error.classify() {
            serde_json::error::Category::Data => {
                format!("not what `mesh-router routes --json` prints: {text}")
            }
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => format!("not JSON: {text}"),
        };
        Problems(vec![Problem::new(&place, message)])
    })
}
