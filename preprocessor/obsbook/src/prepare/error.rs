//! Why there is no stack that may be broken, and what to do about it.

use crate::fault::{InjectError, UndoError};
use crate::images::ImagesError;
use crate::install::InstallError;
use crate::probe::QueryError;
use crate::report::Reporter;
use crate::stack::{BootError, JournalError, LockError, Missing, StackError};

/// Why there is no such stack.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The engine or the compose files.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// Somebody else works on it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The name of a job's stack is that of somebody's own.
    #[error("stack {0} is up, and no job of a run made it")]
    Taken(String),
    /// A fault of an earlier run is still in place.
    #[error("{left} fault(s) of an earlier run could not be undone")]
    Leftovers {
        /// How many.
        left: usize,
    },
    /// Containers.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// Images.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// What `--install` does.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// What holds or carries a signal did not come up.
    #[error("{0}")]
    Missing(Missing),
    /// A scenario, and whoever watches, needs a stack that runs.
    #[error("no stack runs, so there is nothing to break or to watch")]
    NothingRuns,
    /// A fault that cannot be put in place.
    #[error("failed to {fault}: {error}")]
    Inject {
        /// The fault in words.
        fault: String,
        /// The reason.
        error: InjectError,
    },
    /// A silence that cannot be ended.
    #[error("a silence of Alertmanager cannot be ended: {0}")]
    Silence(#[from] QueryError),
    /// A fault that cannot be ended.
    #[error(transparent)]
    Undo(#[from] UndoError),
}

impl PrepareError {
    /// Returns the next command to type.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Stack(error) => error.hint(),
            Self::Lock(LockError::Taken { .. } | LockError::LeftBehind { .. }) => Some("wait until it has ended, or use a stack of your own: --project NAME --dynamic-ports".to_owned()),
            Self::Lock(LockError::File { .. }) => {
                Some("make room or give permission there, or set XDG_STATE_HOME to another folder".to_owned())
            }
            Self::Journal(error) => Some(error.hint()),
            Self::Taken(project) => Some(format!(
                "take it down (obsbook down -p {project}), or give this run another name: --project NAME"
            )),
            Self::Leftovers { .. } => Some("obsbook reset".to_owned()),
            Self::Boot(error) => error.hint(),
            Self::Images(error) => error.hint(),
            Self::Install(error) => error.hint(),
            Self::Missing(missing) => Some(format!("docker compose logs {}", missing.service)),
            Self::NothingRuns => Some("obsbook up".to_owned()),
            Self::Inject { .. } | Self::Undo(_) | Self::Silence(_) => Some("obsbook status".to_owned()),
        }
    }

    /// Returns the last lines of the culprit's log.
    pub fn log(&self) -> &[String] {
        match self {
            Self::Boot(error) => error.log(),
            Self::Images(error) => error.lines(),
            Self::Install(error) => error.lines(),
            _ => &[],
        }
    }
}

/// Tells an error with the culprit's last lines and the next command; returns it in one line.
pub fn tell(reporter: &Reporter, error: &PrepareError) -> String {
    for line in error.log() {
        reporter.progress(&format!("  | {line}"));
    }
    reporter.progress(&format!("error: {error}"));
    if let Some(hint) = error.hint() {
        reporter.progress(&format!("  = help: {hint}"));
    }
    error.to_string()
}
