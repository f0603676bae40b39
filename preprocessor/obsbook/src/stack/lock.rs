//! One run at a time on one stack.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use tokio::time::sleep;

/// How long what a killed obsbook started may go on working before that is an error.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(200);

/// Held while a run may break the stack; let go when it is dropped, or by the kernel when the process dies and with it
/// every `docker compose` that it started.
#[derive(Debug)]
pub struct Lock {
    file: Arc<File>,
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
    /// The process that had it was killed, and what it started does not end.
    #[error(
        "the docker compose of an obsbook that was killed (process {holder}) still works on this stack"
    )]
    LeftBehind {
        /// The process id of the one that was killed.
        holder: String,
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
    /// Takes the lock in `directory`, or says at once who has it. What a killed obsbook left at work is waited for, for a
    /// minute at most; `tell` receives a line about that.
    ///
    /// # Errors
    /// Another process has it, or the file cannot be made.
    pub async fn take(
        directory: &Path,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Self, LockError> {
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
        let mut waiting_since = None;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(fail(error)),
            }
            let holder = match holder(&mut file) {
                Some(holder) if has_ended(&holder) => holder,
                holder => return Err(LockError::Taken { holder }),
            };
            let since = waiting_since.get_or_insert_with(|| {
                tell("the docker compose of an obsbook that was killed still works on this stack; waiting for its end");
                Instant::now()
            });
            if since.elapsed() > PATIENCE {
                return Err(LockError::LeftBehind { holder });
            }
            sleep(PAUSE).await;
        }
        // Who has the lock is only told: a full disk does not keep anybody from mending the stack.
        let _ = write_holder(&mut file);
        Ok(Self {
            file: Arc::new(file),
        })
    }

    /// Returns the locked file, for as long as the lock is held.
    pub(super) fn file(&self) -> Weak<File> {
        Arc::downgrade(&self.file)
    }
}

fn holder(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    let holder = text.trim();
    (!holder.is_empty()).then(|| holder.to_owned())
}

fn write_holder(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn has_ended(holder: &str) -> bool {
    let holder = holder.parse().ok().and_then(Pid::from_raw);
    holder.is_some_and(|holder| test_kill_process(holder) == Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    async fn take(folder: &Path) -> Result<Lock, LockError> {
        Lock::take(folder, &mut |_| {}).await
    }

    #[tokio::test]
    async fn the_second_is_told_who_has_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = take(folder.path()).await.expect("the lock");
        let error = take(folder.path()).await.expect_err("taken");
        assert!(
            error.to_string().contains(&std::process::id().to_string()),
            "{error}"
        );
        drop(first);
        take(folder.path()).await.expect("free again");
    }

    #[tokio::test]
    async fn what_a_killed_process_started_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = take(folder.path()).await.expect("the lock");
        let held = lock.file().upgrade().expect("a file");
        let mut orphan = Command::new("sleep")
            .arg("0.5")
            .stdin(held.try_clone().expect("a file"))
            .spawn()
            .expect("sleep");
        let mut killed = Command::new("true").spawn().expect("true");
        killed.wait().expect("an end");
        fs::write(folder.path().join("lock"), format!("{}\n", killed.id())).expect("written");
        drop((lock, held));
        let mut told = Vec::new();
        let again = Lock::take(folder.path(), &mut |line| told.push(line.to_owned())).await;
        again.expect("free after the end");
        assert!(orphan.try_wait().expect("a status").is_some());
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
