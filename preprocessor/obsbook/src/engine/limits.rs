//! What a container may use at most, changed while it runs and put back.

use bollard::models::ContainerUpdateBody;
use bollard::query_parameters::InspectContainerOptions;
use serde::{Deserialize, Serialize};

use super::client::Engine;
use super::error::EngineError;

/// Microseconds over which a share of the processor is counted; the engine's own default.
const PERIOD: i64 = 100_000;
/// What the engine takes for "no limit": zero would mean "as it is".
const NONE: i64 = -1;

/// The limits of a container, as the engine keeps them: 0 is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: i64,
    /// Bytes of memory and swap together.
    pub memory_swap: i64,
    /// Billionths of a processor.
    pub nano_cpus: i64,
    /// Microseconds of a processor in each 100 ms, the other way to say it.
    pub cpu_quota: i64,
}

impl Engine {
    /// Returns the limits of a container.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine does not answer.
    pub async fn limits(&self, id: &str) -> Result<Limits, EngineError> {
        let request = self
            .docker
            .inspect_container(id, None::<InspectContainerOptions>);
        let inspected = self
            .of_container(request, "inspect a container", id)
            .await?;
        let host = inspected.host_config.unwrap_or_default();
        Ok(Limits {
            memory: host.memory.unwrap_or_default(),
            memory_swap: host.memory_swap.unwrap_or_default(),
            nano_cpus: host.nano_cpus.unwrap_or_default(),
            cpu_quota: host.cpu_quota.unwrap_or_default(),
        })
    }

    /// Limits a container's memory, in bytes and without swap, and its processors, in whole ones; `before` are its limits until now.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal: memory that is in use cannot be taken away under version 1 of cgroups.
    pub async fn limit(
        &self,
        id: &str,
        before: &Limits,
        memory: Option<i64>,
        processors: Option<f64>,
    ) -> Result<(), EngineError> {
        let mut change = ContainerUpdateBody {
            memory,
            memory_swap: memory,
            ..ContainerUpdateBody::default()
        };
        if let Some(processors) = processors {
            // The engine takes one of the two ways only, and stays with it.
            #[expect(clippy::cast_possible_truncation, reason = "a few processors")]
            let of = |whole: i64| (processors * whole as f64) as i64;
            if before.nano_cpus > 0 {
                change.nano_cpus = Some(of(1_000_000_000));
            } else {
                change.cpu_quota = Some(of(PERIOD));
                change.cpu_period = Some(PERIOD);
            }
        }
        self.update(id, change).await
    }

    /// Puts the limits of a container back.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal.
    pub async fn put_limits_back(&self, id: &str, before: &Limits) -> Result<(), EngineError> {
        let or_none = |limit: i64| Some(if limit == 0 { NONE } else { limit });
        let mut change = ContainerUpdateBody {
            memory: or_none(before.memory),
            memory_swap: or_none(before.memory_swap),
            ..ContainerUpdateBody::default()
        };
        if before.nano_cpus > 0 {
            change.nano_cpus = Some(before.nano_cpus);
        } else {
            change.cpu_quota = or_none(before.cpu_quota);
            change.cpu_period = Some(PERIOD);
        }
        self.update(id, change).await
    }

    async fn update(&self, id: &str, change: ContainerUpdateBody) -> Result<(), EngineError> {
        let request = self.docker.update_container(id, change);
        self.of_container(request, "change a container's limits", id)
            .await
    }
}
