//! How each fault is undone: plain data, written to the journal before the fault.

use jiff::Timestamp;
use obsbook_lab::block::{Fault, FaultKind};
use obsbook_lab::compose::{LOAD_LABEL, NETWORK_LABEL};
use serde::{Deserialize, Serialize};

use super::api::{ApiError, FaultApi};
use super::config::{self, ConfigError};
use super::inject::{InjectError, to_break};
use super::load::{LoadError, set_users, usual_users};
use super::network::{NetworkError, Way, calm_all};
use crate::engine::{Container, EngineError, Limits, State};
use crate::stack::Stack;

/// What takes a fault back. Doing it twice, or when there is nothing to take back, is fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "snake_case")]
pub enum Undo {
    /// Tell the service's fault API to end this kind of fault.
    EndFault {
        /// The service.
        service: String,
        /// The fault's word, as in `latency`.
        kind: String,
    },
    /// Take what obsbook did off the way between two services.
    CalmNetwork {
        /// The caller.
        from: String,
        /// The callee.
        to: String,
    },
    /// Bring the traffic back to its usual number of users.
    UsualLoad {
        /// The service that makes it.
        service: String,
        /// The usual number; what the service's label says where it is absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        users: Option<u64>,
    },
    /// Give the service's container the limits that it had.
    PutLimitsBack {
        /// The service.
        service: String,
        /// The container that was limited: another one has its own limits.
        container: String,
        /// The limits that it had.
        limits: Limits,
    },
    /// Make the service anew with its own files.
    OwnConfig {
        /// The service.
        service: String,
    },
    /// See that the service's container runs and is not frozen.
    EnsureRunning {
        /// The service.
        service: String,
        /// The container that was broken; the service's own where it is absent or gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        container: Option<String>,
        /// When the process was started that is to be stopped: while it runs, the stop may still be under way.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stopped: Option<Timestamp>,
    },
}

/// Why a fault could not be undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The service's fault API.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The proxies between services.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The traffic.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A service's own files.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Undo {
    /// Returns what takes `fault` back; what it will change is looked up on the stack.
    ///
    /// # Errors
    /// The engine does not answer, there is no container to break, or nobody could say how the fault is undone.
    pub async fn before(stack: &Stack, fault: &Fault) -> Result<Self, InjectError> {
        Box::pin(Self::look_up(stack, fault)).await
    }

    async fn look_up(stack: &Stack, fault: &Fault) -> Result<Self, InjectError> {
        let service = fault.service.clone();
        Ok(match &fault.kind {
            FaultKind::Limits { .. } => {
                let container = to_break(stack, &service).await?;
                Self::PutLimitsBack {
                    service,
                    limits: stack.engine().limits(&container.id).await?,
                    container: container.id,
                }
            }
            FaultKind::Latency { .. }
            | FaultKind::Error { .. }
            | FaultKind::Memory { .. }
            | FaultKind::Retries { .. }
            | FaultKind::Leak { .. }
            | FaultKind::Stall => Self::EndFault {
                service,
                kind: fault.kind.word().to_owned(),
            },
            FaultKind::Network { to, .. } => Self::CalmNetwork {
                from: service,
                to: to.clone(),
            },
            FaultKind::Load { .. } => Self::UsualLoad {
                users: Some(usual_users(stack, &service)?),
                service,
            },
            FaultKind::Config { .. } | FaultKind::Edit { .. } => Self::OwnConfig { service },
            FaultKind::Crash
            | FaultKind::Kill
            | FaultKind::Stop
            | FaultKind::Pause
            | FaultKind::Restart => {
                let container = to_break(stack, &service).await?;
                let stops = matches!(fault.kind, FaultKind::Stop);
                Self::EnsureRunning {
                    service,
                    container: Some(container.id),
                    stopped: container.started_at.filter(|_| stops),
                }
            }
        })
    }

    /// Returns the container that the fault is for, where one of a service's several is meant.
    pub(super) fn container(&self) -> Option<&str> {
        match self {
            Self::PutLimitsBack { container, .. } => Some(container),
            Self::EnsureRunning { container, .. } => container.as_deref(),
            _ => None,
        }
    }

    /// Takes the fault back. A container that is gone takes its faults with it, and who cannot carry a fault has none.
    ///
    /// # Errors
    /// The engine or the service does not answer.
    pub async fn apply(&self, stack: &Stack) -> Result<(), UndoError> {
        // Boxed: whatever awaits this would otherwise have room for every way of undoing, in each place where it does.
        Box::pin(self.take_back(stack)).await
    }

    async fn take_back(&self, stack: &Stack) -> Result<(), UndoError> {
        match self {
            Self::CalmNetwork { from, to } => match (Way { from, to }).calm(stack).await {
                Err(error) if error.is_invalid() => Ok(()),
                result => Ok(result?),
            },
            Self::UsualLoad { service, users } => {
                let usual = users.or_else(|| usual_users(stack, service).ok());
                let Some(usual) = usual else {
                    return Ok(());
                };
                match set_users(stack, service, usual).await {
                    // What is down makes no traffic, and begins with the usual one.
                    Err(_) if !runs(stack, service).await? => Ok(()),
                    result => Ok(result?),
                }
            }
            Self::PutLimitsBack {
                service,
                container,
                limits,
            } => {
                match stack.engine().put_limits_back(container, limits).await {
                    Ok(true) | Err(EngineError::NoSuchContainer { .. }) => {}
                    Ok(false) => config::make_anew_again(stack, service).await?,
                    Err(error) => return Err(error.into()),
                }
                ensure_running(stack, service, Some(container), None).await
            }
            Self::OwnConfig { service } => Ok(config::put_back(stack, service).await?),
            Self::EnsureRunning {
                service,
                container,
                stopped,
            } => ensure_running(stack, service, container.as_deref(), *stopped).await,
            Self::EndFault { service, kind } => end_fault(stack, service, kind).await,
        }
    }
}

async fn end_fault(stack: &Stack, service: &str, kind: &str) -> Result<(), UndoError> {
    let Some(container) = stack.container(service).await? else {
        return Ok(());
    };
    if container.state == State::Paused {
        // A frozen process cannot be asked anything.
        stack.engine().unpause(&container.id).await?;
    }
    match FaultApi::new(stack, service).delete(kind).await {
        // Who does not know a kind of fault carries none.
        Ok(()) | Err(ApiError::Refused { .. }) => Ok(()),
        // The state of a fault is in the process: a process that is down has none, and a new one neither.
        Err(ApiError::Away { .. }) => {
            if let Some(container) = stack.container(service).await?
                && container.state == State::Running
            {
                stack.engine().restart(&container.id).await?;
            }
            Ok(())
        }
    }
}

async fn ensure_running(
    stack: &Stack,
    service: &str,
    broken: Option<&str>,
    stopped: Option<Timestamp>,
) -> Result<(), UndoError> {
    let Some(container) = broken_one(stack, service, broken).await? else {
        return Ok(());
    };
    let engine = stack.engine();
    match container.state {
        State::Paused => engine.unpause(&container.id).await?,
        State::Running if stopped.is_some() && container.started_at == stopped => {
            // The engine finishes a stop that nobody waits for any longer. This one ends with it.
            engine.stop(&container.id).await?;
            engine.start(&container.id).await?;
        }
        State::Running | State::Restarting => {}
        _ => engine.start(&container.id).await?,
    }
    Ok(())
}

/// The container that was broken; where it is gone, the one that the service has.
async fn broken_one(
    stack: &Stack,
    service: &str,
    broken: Option<&str>,
) -> Result<Option<Container>, EngineError> {
    let Some(id) = broken else {
        return stack.container(service).await;
    };
    match stack.engine().inspect(id).await {
        Ok(container) => Ok(Some(container)),
        Err(EngineError::NoSuchContainer { .. }) => stack.container(service).await,
        Err(error) => Err(error),
    }
}

async fn runs(stack: &Stack, service: &str) -> Result<bool, EngineError> {
    let container = stack.container(service).await?;
    Ok(container.is_some_and(|container| container.state == State::Running))
}

/// Ends every fault that the stack's services, proxies and traffic may carry, whoever made it.
///
/// # Errors
/// One of them does not answer.
pub async fn undo_everything(stack: &Stack) -> Result<(), UndoError> {
    for (name, service) in &stack.model().services {
        if service.fault_port().is_some() && runs(stack, name).await? {
            FaultApi::new(stack, name).reset().await?;
        }
    }
    if stack.model().labelled(NETWORK_LABEL).is_some() {
        calm_all(stack).await?;
    }
    if let Some(service) = stack.model().labelled(LOAD_LABEL).map(str::to_owned)
        && runs(stack, &service).await?
    {
        let users = None;
        Undo::UsualLoad { service, users }.apply(stack).await?;
    }
    Ok(())
}
