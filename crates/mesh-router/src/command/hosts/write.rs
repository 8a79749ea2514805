//! Reading and replacing a hosts file.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, fchown},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use tempfile::NamedTempFile;

/// Bytes of a hosts file that is read; lists of blocked hosts have some 10 MB.
const BYTES_MAX: u64 = 64 << 20;

/// Reads the file; there need not be one.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let reading = || format!("reading {}", path.display());
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(reading),
    };
    let mut bytes = Vec::new();
    let limit = BYTES_MAX.saturating_add(1);
    file.take(limit)
        .read_to_end(&mut bytes)
        .with_context(reading)?;
    if bytes.len() as u64 > BYTES_MAX {
        anyhow::bail!("{} has more than {BYTES_MAX} bytes", path.display());
    }
    Ok(bytes)
}

/// Puts `bytes` in the place of the file, at once where the system lets us: readers see the old or
/// the new. Mode and owner stay.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays one.
    let path = match path.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return create(path, bytes),
        Err(error) => return Err(error),
    };
    let before = fs::metadata(&path)?;
    match exchange(&path, &before, bytes) {
        // A container's hosts file is a mount of its own, over which nothing can be renamed; and the
        // file may be ours to write where its folder isn't.
        Err(error) if is_of_the_folder(&error) => rewrite(&path, bytes),
        other => other,
    }
}

fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn exchange(path: &Path, before: &Metadata, bytes: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .map_or_else(|| PathBuf::from("/"), Path::to_owned);
    let mut new = NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    let file = new.as_file();
    let is_ours = file.metadata()?;
    if (is_ours.uid(), is_ours.gid()) != (before.uid(), before.gid()) {
        fchown(file, Some(before.uid()), Some(before.gid()))?;
    }
    // After the owner, whose change may take bits away.
    file.set_permissions(before.permissions())?;
    file.sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn is_of_the_folder(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ResourceBusy
            | io::ErrorKind::CrossesDevices
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
    )
}

/// Writes over what is there.
pub(super) fn rewrite(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(bytes)?;
    // Cut after writing, so that a failure leaves lines rather than none.
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}
