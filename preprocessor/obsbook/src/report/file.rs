//! Files that are there whole or not at all, and that a newer obsbook may have written.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Writes `content` to `path`, whole or not at all; the folder is made when it is not there.
///
/// # Errors
/// The disk does not take it; what was there before is left then.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Two runs at once must not write into one another's half.
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = fs::write(&fresh, content).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

/// Where a report goes that its reader has named.
pub(super) enum Room {
    /// A file, written whole.
    File(PathBuf),
    /// What is there and no file, such as a pipe or a device: it is written into, since replacing it would take it from its reader.
    Other(PathBuf),
}

impl Room {
    /// Makes room at `path`: a file that is there is removed, links stay what they are, and the folder is made.
    ///
    /// # Errors
    /// The old file cannot be removed, or there is a folder of that name.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        // What has a name there is the process's own open file.
        let own = ["/dev", "/proc"].iter().any(|top| path.starts_with(top));
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            Ok(there) if own || !there.is_file() => Ok(Self::Other(path.to_owned())),
            Ok(_) => {
                let path = path.canonicalize()?;
                fs::remove_file(&path)?;
                Ok(Self::File(path))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let path = behind_links(path);
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)?;
                }
                Ok(Self::File(path))
            }
            Err(error) => Err(error),
        }
    }

    /// Returns whether what is written replaces what was written before.
    pub(super) fn is_replaced(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Returns where it is.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Other(path) => path,
        }
    }

    /// Writes the report.
    ///
    /// # Errors
    /// The disk, or the reader of a pipe, does not take it.
    pub(super) fn write(&self, content: &[u8]) -> io::Result<()> {
        match self {
            Self::File(path) => write_whole(path, content),
            Self::Other(path) => OpenOptions::new()
                .write(true)
                .open(path)?
                .write_all(content),
        }
    }
}

/// Returns what a link names that leads to nothing yet, or no more.
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(target) => path = path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => break,
        }
    }
    path
}

/// A file of a format that this obsbook does not know yet.
#[derive(Debug, thiserror::Error)]
#[error("{path} is of format version {found}, and this obsbook knows version {known}", path = .path.display())]
pub struct Newer {
    path: PathBuf,
    found: u64,
    known: u32,
}

#[derive(Deserialize)]
struct Versioned {
    v: u64,
}

impl Newer {
    /// Refuses a JSON text whose `v` is above `known`; what has no version is left to its reader.
    pub(super) fn refuse(path: &Path, text: &[u8], known: u32) -> Result<(), Self> {
        match serde_json::from_slice(text) {
            Ok(Versioned { v: found }) if found > u64::from(known) => Err(Self {
                path: path.to_owned(),
                found,
                known,
            }),
            _ => Ok(()),
        }
    }

    /// Returns the next step.
    pub fn hint(&self) -> String {
        "use the obsbook that wrote it, or move the file away; it was left as it is".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_a_link_and_its_file_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        // Once to make room before the book is read, and once for the run.
        Room::make(&link).unwrap();
        assert!(!file.exists());
        Room::make(&link).unwrap().write(b"new").unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("file"));
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn what_is_no_file_stays_and_is_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let room = Room::make(&pipe).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        room.write(b"report").unwrap();
        assert_eq!(reader.join().unwrap(), b"report");
        assert!(pipe.exists());
        assert!(matches!(
            Room::make(Path::new("/dev/null")),
            Ok(Room::Other(_))
        ));
        assert!(Room::make(folder.path()).is_err());
    }
}
