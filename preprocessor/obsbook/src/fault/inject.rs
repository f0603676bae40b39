//! Putting one fault in place.

use std::time::Duration;

use obsbook_lab::block::{Fault, FaultKind};

use super::api::{ApiError, FaultApi};
use super::config::{self, ConfigError};
use super::edit;
use super::load::{LoadError, set_users};
use super::network::{NetworkError, Way};
use super::undo::Undo;
use crate::engine::{Container, EngineError};
use crate::stack::Stack;

/// Why a fault could not be put in place.
#[derive(Debug, thiserror::Error)]
pub enum InjectError {
    /// The service has no container to break.
    #[error("service {0} has no container in this stack")]
    NoContainer(String),
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
    /// A file in the place of another.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl InjectError {
    /// Returns whether the lab asks for something that can never be had, rather than the stack being away.
    pub fn is_invalid(&self) -> bool {
        match self {
            Self::Api(ApiError::Refused { .. })
            | Self::Load(LoadError::NoUsual { .. })
            | Self::Config(ConfigError::NotBuilt(_) | ConfigError::NoSuchFile { .. }) => true,
            Self::Network(error) => error.is_invalid(),
            _ => false,
        }
    }
}

/// Puts `fault` in place; one that the service carries itself ends after `time_to_live` at the latest.
///
/// # Errors
/// The engine or the service does not do it.
pub async fn inject(
    stack: &Stack,
    fault: &Fault,
    time_to_live: Duration,
) -> Result<(), InjectError> {
    Box::pin(inject_into(stack, fault, None, time_to_live)).await
}

/// As [`inject`], into the container that `undo` knows: of a service with several, what is broken is what is mended.
///
/// # Errors
/// As [`inject`].
pub async fn inject_undoable(
    stack: &Stack,
    fault: &Fault,
    undo: &Undo,
    time_to_live: Duration,
) -> Result<(), InjectError> {
    Box::pin(inject_into(stack, fault, undo.container(), time_to_live)).await
}

async fn inject_into(
    stack: &Stack,
    fault: &Fault,
    container: Option<&str>,
    time_to_live: Duration,
) -> Result<(), InjectError> {
    if fault.kind.needs_fault_api() {
        return Ok(FaultApi::new(stack, &fault.service)
            .put(&fault.kind, time_to_live)
            .await?);
    }
    match &fault.kind {
        FaultKind::Network { to, toxic } => {
            let from = fault.service.as_str();
            return Ok(Way { from, to }.disturb(stack, toxic).await?);
        }
        FaultKind::Config { file, target } => {
            return Ok(config::swap(stack, &fault.service, file, target).await?);
        }
        FaultKind::Edit {
            file,
            target,
            reach,
        } => return Ok(edit::put(stack, &fault.service, file, target, *reach).await?),
        FaultKind::Load { users } => return Ok(set_users(stack, &fault.service, *users).await?),
        _ => {}
    }
    let engine = stack.engine();
    let id = match container {
        Some(id) => id.to_owned(),
        None => to_break(stack, &fault.service).await?.id,
    };
    match fault.kind {
        FaultKind::Limits { mib, cpus } => {
            let before = engine.limits(&id).await?;
            let bytes = mib.map(|mib| i64::try_from(mib << 20).unwrap_or(i64::MAX));
            engine.limit(&id, &before, bytes, cpus).await?;
        }
        FaultKind::Kill => engine.kill(&id).await?,
        FaultKind::Stop => engine.stop(&id).await?,
        FaultKind::Pause => engine.pause(&id).await?,
        _ => engine.restart(&id).await?,
    }
    Ok(())
}

/// Returns the container of a service that a fault is for.
pub(super) async fn to_break(stack: &Stack, service: &str) -> Result<Container, InjectError> {
    let container = stack.container(service).await?;
    container.ok_or_else(|| InjectError::NoContainer(service.to_owned()))
}
