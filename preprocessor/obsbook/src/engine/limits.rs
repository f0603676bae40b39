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
    /// Microseconds of a processor in each period, the other way to say it.
    pub cpu_quota: i64,
    /// Microseconds of a period; 0 is the engine's own.
    #[serde(default)]
    pub cpu_period: i64,
}

impl Limits {
    /// Returns what has to be sent to a container that has the limits `now` for it to have these; `None` when the engine
    /// cannot do it: it has no word for memory without a limit.
    fn change_from(&self, now: &Limits) -> Option<ContainerUpdateBody> {
        let mut change = ContainerUpdateBody::default();
        if (self.memory, self.memory_swap) != (now.memory, now.memory_swap) {
            if self.memory == 0 {
                return None;
            }
            change.memory = Some(self.memory);
            change.memory_swap = Some(or_none(self.memory_swap));
        }
        if self.nano_cpus > 0 {
            change.nano_cpus = (self.nano_cpus != now.nano_cpus).then_some(self.nano_cpus);
        } else if self.share() != now.share() {
            let (quota, period) = self.share();
            change.cpu_quota = Some(quota);
            change.cpu_period = (quota != NONE).then_some(period);
        }
        Some(change)
    }

    /// The quota and its period; a period without a quota means nothing.
    fn share(&self) -> (i64, i64) {
        match (self.cpu_quota, self.cpu_period) {
            (..=0, _) => (NONE, PERIOD),
            (quota, 0) => (quota, PERIOD),
            share => share,
        }
    }
}

fn or_none(limit: i64) -> i64 {
    if limit == 0 { NONE } else { limit }
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
            cpu_period: host.cpu_period.unwrap_or_default(),
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

    /// Puts the limits of a container back, those that it has no longer. Returns whether that could be done: memory that
    /// had no limit has none again in another container only.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal.
    pub async fn put_limits_back(&self, id: &str, before: &Limits) -> Result<bool, EngineError> {
        let Some(change) = before.change_from(&self.limits(id).await?) else {
            return Ok(false);
        };
        if change != ContainerUpdateBody::default() {
            self.update(id, change).await?;
        }
        Ok(true)
    }

    async fn update(&self, id: &str, change: ContainerUpdateBody) -> Result<(), EngineError> {
        let request = self.docker.update_container(id, change);
        self.of_container(request, "change a container's limits", id)
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Limits = Limits {
        memory: 0,
        memory_swap: 0,
        nano_cpus: 0,
        cpu_quota: 0,
        cpu_period: 0,
    };

    fn check(before: &Limits, now: &Limits, expected: Option<ContainerUpdateBody>) {
        assert_eq!(before.change_from(now), expected, "{before:?}, {now:?}");
    }

    #[test]
    fn only_what_a_fault_changed_is_put_back() {
        let nothing = ContainerUpdateBody::default;
        let own = Limits {
            memory: 64,
            memory_swap: 128,
            ..FREE
        };
        let squeezed = Limits {
            memory: 32,
            memory_swap: 32,
            ..own
        };
        let memory = ContainerUpdateBody {
            memory: Some(64),
            memory_swap: Some(128),
            ..nothing()
        };
        check(&own, &squeezed, Some(memory));
        check(&own, &own, Some(nothing()));
        let slowed = Limits {
            cpu_quota: 5_000,
            cpu_period: PERIOD,
            ..own
        };
        let processors = ContainerUpdateBody {
            cpu_quota: Some(NONE),
            ..nothing()
        };
        check(&own, &slowed, Some(processors));
        // The engine keeps a period that no quota needs.
        let undone = Limits {
            cpu_quota: NONE,
            ..slowed
        };
        check(&own, &undone, Some(nothing()));
    }

    #[test]
    fn a_share_of_a_processor_is_put_back_as_it_was_said() {
        let nothing = ContainerUpdateBody::default;
        let half = Limits {
            cpu_quota: 25_000,
            cpu_period: 50_000,
            ..FREE
        };
        let slowed = Limits {
            cpu_quota: 5_000,
            cpu_period: PERIOD,
            ..FREE
        };
        let share = |quota, period| ContainerUpdateBody {
            cpu_quota: Some(quota),
            cpu_period: Some(period),
            ..nothing()
        };
        check(&half, &slowed, Some(share(25_000, 50_000)));
        let unsaid = Limits {
            cpu_period: 0,
            ..half
        };
        check(&unsaid, &slowed, Some(share(25_000, PERIOD)));
        let (whole, part) = (1_000_000_000, 50_000_000);
        let by_name = |nano_cpus| Limits { nano_cpus, ..FREE };
        let named = ContainerUpdateBody {
            nano_cpus: Some(whole),
            ..nothing()
        };
        check(&by_name(whole), &by_name(part), Some(named));
        check(&by_name(whole), &by_name(whole), Some(nothing()));
    }

    #[test]
    fn memory_without_a_limit_needs_another_container() {
        let squeezed = Limits {
            memory: 32,
            memory_swap: 32,
            ..FREE
        };
        check(&FREE, &squeezed, None);
        check(&FREE, &FREE, Some(ContainerUpdateBody::default()));
    }

    #[test]
    fn limits_of_an_older_journal_are_read() {
        let text = r#"{"memory":1,"memory_swap":2,"nano_cpus":3,"cpu_quota":4}"#;
        let read: Limits = serde_json::from_str(text).expect("limits");
        assert_eq!((read.cpu_quota, read.cpu_period), (4, 0));
    }
}
