//! What can go wrong between us and the engine, each with the command that mends it.

use std::path::Path;

use super::address::Address;

/// A failed conversation with the engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Neither an engine nor its socket is on this machine.
    #[error("no Docker engine is installed")]
    NotInstalled,
    /// The engine's socket is away, or nobody listens on it.
    #[error("the Docker engine at {address} is not running")]
    NotRunning {
        /// Where it was looked for.
        address: String,
    },
    /// The socket exists, but this user may not use it.
    #[error("no permission to use the Docker engine at {address}")]
    PermissionDenied {
        /// The engine's address.
        address: String,
    },
    /// The address answers wrongly, late or not at all.
    #[error("the Docker engine at {address} cannot be reached: {cause}")]
    Unreachable {
        /// The engine's address.
        address: String,
        /// What the transport said.
        cause: String,
    },
    /// An address of a kind that is not spoken here.
    #[error(
        "an engine at {address} cannot be used: only unix sockets, ssh and tcp without TLS are spoken"
    )]
    UnsupportedAddress {
        /// The address as it was given.
        address: String,
    },
    /// The chosen Docker context does not exist or is damaged.
    #[error("docker context {name} cannot be read: {cause}")]
    Context {
        /// The context's name.
        name: String,
        /// Why it cannot be read.
        cause: String,
    },
    /// No container by that id or name.
    #[error("no container {id}")]
    NoSuchContainer {
        /// The id or name that was asked for.
        id: String,
    },
    /// No such file in the container.
    #[error("no file {path} in container {id}")]
    NoSuchFile {
        /// The container.
        id: String,
        /// The path in the container.
        path: String,
    },
    /// `ssh` does not lead to the engine's machine.
    #[error("the Docker engine at {address} cannot be reached: {cause}")]
    Tunnel {
        /// The engine's address.
        address: String,
        /// The machine, as `ssh` takes it.
        destination: String,
        /// What `ssh` said last.
        cause: String,
    },
    /// A command in a container that had to succeed did not.
    #[error("{what} failed with status {status}: {message}")]
    Failed {
        /// What was being done.
        what: String,
        /// The exit status.
        status: i64,
        /// The last lines of its output.
        message: String,
    },
    /// The engine refused.
    #[error("the Docker engine would not {what}: {message}")]
    Api {
        /// What it was asked to do.
        what: String,
        /// The HTTP status, 0 when the refusal came inside of a stream.
        status: u16,
        /// The engine's own words.
        message: String,
    },
    /// The engine did not answer in time.
    #[error("the Docker engine at {address} did not {what} in time")]
    TimedOut {
        /// The engine's address.
        address: String,
        /// What it was asked to do.
        what: String,
    },
}

impl EngineError {
    /// Returns the next command to type, if one is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            EngineError::NotInstalled => {
                "install it: obsbook up --install (Debian and Ubuntu), or see \
                 https://docs.docker.com/engine/install/"
            }
            EngineError::NotRunning { address } if !address.starts_with("unix:///var/run/") => {
                "start that engine, or go back to this machine's own: unset DOCKER_HOST DOCKER_CONTEXT"
            }
            EngineError::NotRunning { .. } if cfg!(target_os = "macos") => {
                "start Docker Desktop: open -a Docker"
            }
            EngineError::NotRunning { .. } if systemd_runs() => "sudo systemctl start docker",
            EngineError::NotRunning { .. } => "start it: obsbook up --install",
            EngineError::PermissionDenied { .. } => {
                "sudo usermod -aG docker $USER, then log in again (or, in this shell: newgrp docker)"
            }
            EngineError::Unreachable { .. } | EngineError::TimedOut { .. } => "docker info",
            EngineError::UnsupportedAddress { .. } => {
                "reach its machine through ssh: export DOCKER_HOST=ssh://USER@HOST"
            }
            EngineError::Tunnel { destination, .. } => {
                return Some(format!("ssh {destination} docker version"));
            }
            EngineError::Context { .. } => "docker context use default",
            EngineError::NoSuchContainer { .. } => "obsbook status",
            EngineError::NoSuchFile { .. }
            | EngineError::Failed { .. }
            | EngineError::Api { .. } => {
                return None;
            }
        };
        Some(hint.to_owned())
    }

    /// Judges a failure of the client library, met while the engine was to do `what`.
    pub(super) fn from_client(
        error: &bollard::errors::Error,
        address: &Address,
        what: &str,
    ) -> EngineError {
        use bollard::errors::Error;
        let at = address.to_string();
        match error {
            Error::DockerResponseServerError {
                status_code,
                message,
            } => EngineError::Api {
                what: what.to_owned(),
                status: *status_code,
                message: message.trim().to_owned(),
            },
            Error::DockerStreamError { error } => EngineError::Api {
                what: what.to_owned(),
                status: 0,
                message: error.trim().to_owned(),
            },
            Error::RequestTimeoutError => EngineError::TimedOut {
                address: at,
                what: what.to_owned(),
            },
            Error::SocketNotFoundError(_) => absent(address),
            other => match io_kind(other) {
                Some(std::io::ErrorKind::PermissionDenied) => {
                    EngineError::PermissionDenied { address: at }
                }
                Some(std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused)
                    if matches!(address, Address::Socket(_)) =>
                {
                    absent(address)
                }
                _ => EngineError::Unreachable {
                    address: at,
                    cause: innermost(other),
                },
            },
        }
    }
}

/// A socket that nobody serves: is the engine down, or was it never installed?
fn absent(address: &Address) -> EngineError {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // The engine lies in sbin, which is not in every user's PATH.
    let installed = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/bin", "/usr/local/bin"].map(Into::into))
        .any(|folder| folder.join("dockerd").exists());
    let elsewhere = std::env::var_os("DOCKER_HOST").is_some() || cfg!(not(target_os = "linux"));
    if installed || elsewhere {
        EngineError::NotRunning {
            address: address.to_string(),
        }
    } else {
        EngineError::NotInstalled
    }
}

/// Whether systemd is this machine's init, by the test that `sd_booted(3)` documents.
pub(crate) fn systemd_runs() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

fn io_kind(error: &bollard::errors::Error) -> Option<std::io::ErrorKind> {
    chain(error)
        .find_map(|error| error.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
}

fn innermost(error: &bollard::errors::Error) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn chain<'a>(
    error: &'a bollard::errors::Error,
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    let first: &'a (dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |&error| error.source())
}
