//! Why something could not be installed.

use std::path::PathBuf;

use crate::engine::{ComposeError, EngineError};

/// A failed installation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallError {
    /// Neither Debian nor Ubuntu.
    #[error("{system} is neither Debian nor Ubuntu; install by hand: {missing}")]
    UnsupportedSystem {
        /// The system's name.
        system: String,
        /// What is missing.
        missing: String,
    },
    /// A step needs root, and there is no `sudo`.
    #[error("this needs root, and there is no sudo: {command}")]
    NeedsRoot {
        /// The command that would have been run.
        command: String,
    },
    /// A command failed.
    #[error("{what} failed: {cause}")]
    Step {
        /// What was being done.
        what: String,
        /// Why, in one line.
        cause: String,
        /// The last lines of the command.
        lines: Vec<String>,
        /// The whole output.
        log: PathBuf,
    },
    /// The disk has too little room.
    #[error("{path} has {free_mib} MiB free, and {needed_mib} MiB are needed", path = .path.display())]
    Disk {
        /// The folder that was measured.
        path: PathBuf,
        /// What is free.
        free_mib: u64,
        /// What is needed.
        needed_mib: u64,
    },
    /// The engine was started and does not answer.
    #[error("the Docker engine was started, and does not answer after {seconds} s")]
    Silent {
        /// How long it was waited for.
        seconds: u64,
        /// The last lines of the engine's log.
        lines: Vec<String>,
        /// The engine's log, where it writes one of its own.
        log: Option<PathBuf>,
    },
    /// The user was given permission, which counts from the next login.
    #[error("{user} may use the Docker engine from the next login on")]
    LoginAgain {
        /// The user.
        user: String,
    },
    /// A file cannot be read or written.
    #[error("{path}: {cause}", path = .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The Compose plug-in failed.
    #[error(transparent)]
    Compose(#[from] ComposeError),
}

impl InstallError {
    /// Returns the next command to type, if one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            InstallError::UnsupportedSystem { .. } => Some(
                "Docker Engine 20.10 or newer and Docker Compose 2.24 or newer: \
                 https://docs.docker.com/engine/install/"
                    .to_owned(),
            ),
            InstallError::NeedsRoot { command } => Some(format!("as root: {command}")),
            InstallError::Step { log, .. } | InstallError::Silent { log: Some(log), .. } => {
                Some(format!("less {}", log.display()))
            }
            InstallError::Silent { log: None, .. } => Some("journalctl -u docker -n 50".to_owned()),
            InstallError::Disk { .. } => {
                Some("docker system df, then docker system prune".to_owned())
            }
            InstallError::LoginAgain { .. } => {
                Some("newgrp docker, then the same command again".to_owned())
            }
            InstallError::File { .. } => None,
            InstallError::Engine(error) => error.hint(),
            InstallError::Compose(error) => error.hint(),
        }
    }

    /// Returns the last lines of what failed, oldest first; empty when there are none.
    pub fn lines(&self) -> &[String] {
        match self {
            InstallError::Step { lines, .. } | InstallError::Silent { lines, .. } => lines,
            _ => &[],
        }
    }

    pub(super) fn file(path: impl Into<PathBuf>, error: &std::io::Error) -> InstallError {
        InstallError::File {
            path: path.into(),
            cause: error.to_string(),
        }
    }
}
