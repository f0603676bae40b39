//! The connection to the engine and what it says of itself.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bollard::{API_DEFAULT_VERSION, Docker};
use jiff::{SignedDuration, Timestamp};

use super::address::Address;
use super::error::EngineError;
use super::tunnel::Tunnel;

/// How long an engine may take to greet. One that is starting up refuses instead of waiting.
const GREETING: Duration = Duration::from_secs(5);

/// How long one request may take. Stopping a container may use up its own grace period first.
const REQUEST_SECONDS: u64 = 120;

/// A connection to the engine. Clones share it.
#[derive(Clone)]
pub struct Engine {
    pub(super) docker: Docker,
    inner: Arc<Inner>,
}

struct Inner {
    address: Address,
    info: EngineInfo,
    tunnel: Option<Tunnel>,
}

/// What the engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// Its ID, the same for as long as its data folder lives.
    pub id: String,
    /// Its version, such as `20.10.24`.
    pub version: String,
    /// The folder on the engine's machine where images and volumes lie.
    pub root: String,
    /// The processor, as `uname -m` spells it.
    pub architecture: String,
    /// The operating system's name.
    pub system: String,
    /// Processors it may use.
    pub cpus: u64,
    /// Memory of its machine in bytes.
    pub memory: u64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("address", &self.inner.address)
            .field("info", &self.inner.info)
            .finish()
    }
}

impl Engine {
    /// Connects to the engine that the `docker` command would use, and greets it.
    ///
    /// # Errors
    /// No engine, no permission, or no answer within five seconds.
    pub async fn connect() -> Result<Engine, EngineError> {
        Engine::connect_to(Address::find()?).await
    }

    /// Connects to the engine at `address`, and greets it.
    ///
    /// # Errors
    /// As [`Engine::connect`].
    pub async fn connect_to(address: Address) -> Result<Engine, EngineError> {
        let failed = |error: bollard::errors::Error| {
            EngineError::from_client(&error, &address, "answer a ping")
        };
        let tunnel = match &address {
            Address::Ssh(ssh) => Some(Tunnel::open(ssh).await?),
            _ => None,
        };
        let near = match &tunnel {
            Some(tunnel) => Address::Socket(tunnel.socket()),
            None => address.clone(),
        };
        let docker = match &near {
            Address::Ssh(_) => unreachable!("its tunnel ends in a socket"),
            Address::Socket(path) => Docker::connect_with_unix(
                &path.to_string_lossy(),
                REQUEST_SECONDS,
                API_DEFAULT_VERSION,
            ),
            Address::Tcp(authority) => Docker::connect_with_http(
                &format!("tcp://{authority}"),
                REQUEST_SECONDS,
                API_DEFAULT_VERSION,
            ),
        }
        .map_err(failed)?;
        let greeting = async {
            docker.ping().await?;
            docker.clone().negotiate_version().await
        };
        let late = |what: &str| EngineError::TimedOut {
            address: address.to_string(),
            what: what.to_owned(),
        };
        let docker = tokio::time::timeout(GREETING, greeting)
            .await
            .map_err(|_| late("answer a ping"))?
            .map_err(failed)?;
        let info = tokio::time::timeout(GREETING, docker.info())
            .await
            .map_err(|_| late("describe itself"))?
            .map_err(failed)?;
        let info = EngineInfo {
            id: info.id.unwrap_or_default(),
            version: info.server_version.unwrap_or_default(),
            root: info.docker_root_dir.unwrap_or_default(),
            architecture: info.architecture.unwrap_or_default(),
            system: info.operating_system.unwrap_or_default(),
            cpus: info
                .ncpu
                .and_then(|count| count.try_into().ok())
                .unwrap_or_default(),
            memory: info
                .mem_total
                .and_then(|bytes| bytes.try_into().ok())
                .unwrap_or_default(),
        };
        Ok(Engine {
            docker,
            inner: Arc::new(Inner {
                address,
                info,
                tunnel,
            }),
        })
    }

    /// Returns the engine's ID, a stable key of what belongs to it.
    pub fn id(&self) -> &str {
        &self.inner.info.id
    }

    /// Returns the engine's version, such as `20.10.24`.
    pub fn version(&self) -> &str {
        &self.inner.info.version
    }

    /// Returns what the engine said of itself when it was greeted.
    pub fn info(&self) -> &EngineInfo {
        &self.inner.info
    }

    /// Returns the engine's address.
    pub fn address(&self) -> &Address {
        &self.inner.address
    }

    /// Returns the host under which ports published by this engine are reached.
    pub fn host_for_ports(&self) -> &str {
        self.inner.address.host_for_ports()
    }

    /// Returns whether the engine is on another machine, which does not see this one's files.
    pub fn is_elsewhere(&self) -> bool {
        self.inner.address.is_elsewhere()
    }

    /// Returns what `DOCKER_HOST` must be for the `docker` command to take the way that is open already.
    pub fn docker_host(&self) -> Option<String> {
        let tunnel = self.inner.tunnel.as_ref()?;
        Some(Address::Socket(tunnel.socket()).to_string())
    }

    /// Returns the port under which a published one is reached from this machine.
    ///
    /// # Errors
    /// The way to the other machine is cut.
    pub async fn reach(&self, port: u16) -> Result<u16, EngineError> {
        match &self.inner.tunnel {
            Some(tunnel) => tunnel.reach(port).await,
            None => Ok(port),
        }
    }

    /// Returns whether the engine still answers; bounded by five seconds.
    ///
    /// # Errors
    /// As [`Engine::connect`].
    pub async fn ping(&self) -> Result<(), EngineError> {
        let ping = tokio::time::timeout(GREETING, self.docker.ping());
        match ping.await {
            Ok(answer) => answer
                .map(drop)
                .map_err(|error| self.refusal(&error, "answer a ping")),
            Err(_) => Err(EngineError::TimedOut {
                address: self.inner.address.to_string(),
                what: "answer a ping".to_owned(),
            }),
        }
    }

    /// Returns the engine's clock minus ours. A virtual machine's clock may drift by seconds, and
    /// evidence is dated by the engine's.
    ///
    /// # Errors
    /// The engine does not answer, or tells no time.
    pub async fn clock_offset(&self) -> Result<SignedDuration, EngineError> {
        let mut best: Option<(SignedDuration, SignedDuration)> = None;
        // The quickest of three answers has the least room for error.
        for _ in 0..3 {
            let what = "tell its time";
            let asked = Timestamp::now();
            let info = self
                .docker
                .info()
                .await
                .map_err(|error| self.refusal(&error, what))?;
            let trip = Timestamp::now().duration_since(asked);
            let told = info
                .system_time
                .as_deref()
                .and_then(|time| time.parse::<Timestamp>().ok())
                .ok_or_else(|| EngineError::Api {
                    what: what.to_owned(),
                    status: 0,
                    message: "its answer holds no time".to_owned(),
                })?;
            let offset = told.duration_since(asked) - trip / 2;
            // Within the time that the answer took, nothing is known: on one machine it is one clock.
            let offset = if offset.abs() <= trip / 2 {
                SignedDuration::ZERO
            } else {
                offset
            };
            if best.is_none_or(|(shortest, _)| trip < shortest) {
                best = Some((trip, offset));
            }
        }
        Ok(best.map(|(_, offset)| offset).unwrap_or_default())
    }

    pub(super) fn refusal(&self, error: &bollard::errors::Error, what: &str) -> EngineError {
        EngineError::from_client(error, &self.inner.address, what)
    }

    /// As [`Engine::refusal`], for requests whose 404 means that the container is gone.
    pub(super) fn refusal_of(
        &self,
        error: &bollard::errors::Error,
        what: &str,
        id: &str,
    ) -> EngineError {
        match self.refusal(error, what) {
            EngineError::Api { status: 404, .. } => {
                EngineError::NoSuchContainer { id: id.to_owned() }
            }
            other => other,
        }
    }

    pub(super) async fn of_container<T>(
        &self,
        request: impl Future<Output = Result<T, bollard::errors::Error>>,
        what: &str,
        id: &str,
    ) -> Result<T, EngineError> {
        request
            .await
            .map_err(|error| self.refusal_of(&error, what, id))
    }
}
