//! One run at a time on one stack.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Held while a run may break the stack; let go when it is dropped, or by the kernel when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why the lock is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("another obsbook{} works on this stack", .holder.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    Taken {
        /// Its process id, if it wrote one.
        holder: Option<String>,
    },
    /// The file cannot be made.
    #[error("the lock at {path} cannot be had: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
}

impl Lock {
    /// Takes the lock in `directory`, or says at once who has it.
    ///
    /// # Errors
    /// Another process has it, or the file cannot be made.
    pub fn take(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join("lock");
        let fail = |cause| LockError::File {
            path: path.clone(),
            cause,
        };
        fs::create_dir_all(directory).map_err(fail)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder).is_ok();
                let holder = holder.trim().to_owned();
                return Err(LockError::Taken {
                    holder: (read && !holder.is_empty()).then_some(holder),
                });
            }
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        let write = |file: &mut File| -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(fail)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_has_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = Lock::take(folder.path()).expect("the lock");
        let error = Lock::take(folder.path()).expect_err("taken");
        assert!(
            error.to_string().contains(&std::process::id().to_string()),
            "{error}"
        );
        drop(first);
        Lock::take(folder.path()).expect("free again");
    }
}
