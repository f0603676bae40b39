//! Looking at one condition, whatever answers it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use obsbook_lab::block::{Condition, Probe};

use super::{container, http, promql};
use crate::engine::EngineError;
use crate::stack::Stack;

/// What was seen when a condition was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Whether the condition held.
    pub met: bool,
    /// The number that was compared, if there was one.
    pub value: Option<f64>,
    /// What was seen, in words: a value, "no data", a status.
    pub seen: String,
    /// The time of the newest raw sample under the oldest selector; `None` when what was seen is of this moment.
    pub evidence: Option<Timestamp>,
}

impl Observation {
    /// Returns an observation of this moment, without a number.
    pub(super) fn now(met: bool, seen: impl Into<String>) -> Self {
        Self {
            met,
            value: None,
            seen: seen.into(),
            evidence: None,
        }
    }
}

/// Why a condition could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The question itself is wrong: the data source refuses it, or its answer is of another shape.
    #[error("{0}")]
    Invalid(String),
    /// The data source does not answer.
    #[error("{source_name} does not answer: {reason}")]
    Away {
        /// The service that should have answered.
        source_name: String,
        /// The reason.
        reason: String,
    },
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What was counted when the steady state held: counters are read as differences from then.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// How often the restart policy had brought each service back.
    pub restarts: BTreeMap<String, u64>,
}

/// Returns what `condition` looks like now. Evidence older than `since`, if given, does not count.
///
/// # Errors
/// The condition could not be looked at.
pub async fn observe(
    stack: &Stack,
    condition: &Condition,
    baseline: &Baseline,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    match &condition.probe {
        Probe::Promql {
            query,
            quantifier,
            comparison,
        } => promql::observe(stack, query, *quantifier, comparison, since).await,
        Probe::Http {
            address,
            method,
            body,
            expectation,
        } => http::observe(stack, address, method, body.as_deref(), expectation).await,
        Probe::Container {
            service,
            expectation,
        } => container::observe(stack, service, expectation, baseline).await,
    }
}

/// Returns lines that help to see why `condition` does not hold: what exists nearby, and where to look.
pub async fn explain(stack: &Stack, condition: &Condition) -> Vec<String> {
    match &condition.probe {
        Probe::Promql { query, .. } => promql::explain(stack, query).await,
        Probe::Http { address, .. } => http::explain(stack, address).await,
        Probe::Container { service, .. } => container::explain(stack, service).await,
    }
}
