//! How each fault is undone: plain data, written to the journal before the fault.

use obsbook_lab::block::{Fault, FaultKind};
use obsbook_lab::compose::{LOAD_LABEL, NETWORK_LABEL};
use serde::{Deserialize, Serialize};

use super::api::{ApiError, FaultApi};
use super::config::{self, ConfigError};
use super::inject::InjectError;
use super::load::{LoadError, set_users, usual_users};
use super::network::{NetworkError, Way, calm_all};
use crate::engine::{EngineError, Limits, State};
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
    /// The engine does not answer, or there is no container to break.
    pub async fn before(stack: &Stack, fault: &Fault) -> Result<Self, InjectError> {
        let service = fault.service.clone();
        Ok(match &fault.kind {
            FaultKind::Limits { .. } => {
                let container = stack.container(&service).await?;
                let container =
                    container.ok_or_else(|| InjectError::NoContainer(service.clone()))?;
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
            FaultKind::Load { .. } => Self::UsualLoad { service },
            FaultKind::Config { .. } | FaultKind::Edit { .. } => Self::OwnConfig { service },
            FaultKind::Crash
            | FaultKind::Kill
            | FaultKind::Stop
            | FaultKind::Pause
            | FaultKind::Restart => Self::EnsureRunning { service },
        })
    }

    /// Takes the fault back. A container that is gone takes its faults with it.
    ///
    /// # Errors
    /// The engine or the service does not answer.
    pub async fn apply(&self, stack: &Stack) -> Result<(), UndoError> {
        match self {
            Self::CalmNetwork { from, to } => Ok(Way { from, to }.calm(stack).await?),
            Self::UsualLoad { service } => {
                let users = usual_users(stack, service)?;
                match set_users(stack, service, users).await {
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
                match stack.container(service).await? {
                    Some(now) if now.id == *container => {
                        stack.engine().put_limits_back(container, limits).await?;
                    }
                    _ => {}
                }
                ensure_running(stack, service).await
            }
            Self::OwnConfig { service } => Ok(config::put_back(stack, service).await?),
            Self::EnsureRunning { service } => ensure_running(stack, service).await,
            Self::EndFault { service, kind } => {
                let Some(container) = stack.container(service).await? else {
                    return Ok(());
                };
                if container.state == State::Paused {
                    // A frozen process cannot be asked anything.
                    stack.engine().unpause(&container.id).await?;
                }
                match FaultApi::new(stack, service).delete(kind).await {
                    Ok(()) => Ok(()),
                    Err(error) => {
                        // The state of a fault is in the process: a process that is down has none.
                        if runs(stack, service).await? {
                            self.force(stack, service, error).await
                        } else {
                            Ok(())
                        }
                    }
                }
            }
        }
    }

    /// A service that runs but does not answer its fault API is restarted: its faults live in memory.
    async fn force(&self, stack: &Stack, service: &str, error: ApiError) -> Result<(), UndoError> {
        if matches!(error, ApiError::Refused { .. }) {
            return Err(error.into());
        }
        if let Some(container) = stack.container(service).await? {
            stack.engine().restart(&container.id).await?;
        }
        Ok(())
    }
}

async fn ensure_running(stack: &Stack, service: &str) -> Result<(), UndoError> {
    let Some(container) = stack.container(service).await? else {
        return Ok(());
    };
    match container.state {
        State::Paused => stack.engine().unpause(&container.id).await?,
        State::Running | State::Restarting => {}
        _ => stack.engine().start(&container.id).await?,
    }
    Ok(())
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
        Undo::UsualLoad { service }.apply(stack).await?;
    }
    Ok(())
}
