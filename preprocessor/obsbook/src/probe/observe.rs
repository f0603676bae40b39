//! Looking at one condition, whatever answers it.

use jiff::Timestamp;
use obsbook_lab::block::{Condition, Probe};

use super::clocked::Clocked;
use super::source::QueryError;
use super::{alert, container, http, logql, nothing, panel, promql, run, sql, trace};
use crate::engine::EngineError;
use crate::stack::{Kind, SourceProblem, Stack};

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
    /// Makes the observation false if it rests on evidence from before `since`; `what` is what is too old.
    pub(super) fn discard_older_than(&mut self, since: Option<Timestamp>, what: &str) {
        if let (true, Some(since), Some(evidence)) = (self.met, since, self.evidence)
            && evidence < since
        {
            self.met = false;
            let age = since.duration_since(evidence).as_secs_f64();
            self.seen
                .push_str(&format!(", but its newest {what} is {age:.1} s too old"));
        }
    }

    /// Returns an observation of a number.
    pub(super) fn of(met: bool, value: f64, seen: impl Into<String>) -> Self {
        Self {
            met,
            value: Some(value),
            seen: seen.into(),
            evidence: None,
        }
    }

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

impl ProbeError {
    /// Returns the error of a probe whose data source, of this kind, did not answer its query.
    pub(crate) fn from_query(stack: &Stack, kind: Kind, error: QueryError) -> Self {
        match error {
            QueryError::Refused { .. } => Self::Invalid(error.to_string()),
            QueryError::Away(reason) => Self::Away {
                source_name: stack.source_service(kind).to_owned(),
                reason,
            },
        }
    }
}

impl From<SourceProblem> for ProbeError {
    fn from(problem: SourceProblem) -> Self {
        Self::Away {
            source_name: problem.service,
            reason: problem.reason,
        }
    }
}

/// Returns what `condition` looks like now. Evidence older than `since`, if given, does not count.
///
/// Times are compared on the clock of `baseline`: a [`Baseline`](super::Baseline) alone means ours.
///
/// # Errors
/// The condition could not be looked at.
pub async fn observe<'b>(
    stack: &Stack,
    condition: &Condition,
    baseline: impl Into<Clocked<'b>>,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let baseline = baseline.into();
    // On the heap: the longest of the probes would take its room on the stack of every caller.
    let observed = Box::pin(async move {
        match &condition.probe {
            Probe::Promql { query, expectation } => {
                promql::observe(stack, query, expectation, baseline, since).await
            }
            Probe::Logql { query, expectation } => {
                logql::observe(stack, query, expectation, baseline, since).await
            }
            Probe::Trace { search, count } => {
                trace::observe(stack, search, count, baseline, since).await
            }
            Probe::Alert {
                name,
                labels,
                channel,
                expectation,
            } => {
                let asked = alert::Asked {
                    name,
                    labels,
                    channel: channel.as_deref(),
                };
                alert::observe(stack, &asked, expectation, baseline.from(since), since).await
            }
            Probe::Panel(panel) => panel::observe(stack, panel, baseline, since).await,
            Probe::Sql { query, comparison } => {
                sql::observe(stack, query, comparison, baseline.from(since)).await
            }
            Probe::Http {
                address,
                method,
                body,
                expectation,
            } => http::observe(stack, address, method, body.as_deref(), expectation).await,
            Probe::Container {
                service,
                expectation,
            } => container::observe(stack, service, expectation, baseline.baseline).await,
            Probe::Run {
                service,
                command,
                expectation,
            } => run::observe(stack, service, command, expectation).await,
        }
    });
    observed.await
}

/// Returns lines that help to see why `condition` does not hold: what exists nearby, and where to look.
pub async fn explain(stack: &Stack, condition: &Condition) -> Vec<String> {
    let explained = Box::pin(async move {
        match &condition.probe {
            Probe::Promql { query, .. } => nothing::explain(stack, query).await,
            Probe::Logql { query, .. } => logql::explain(stack, query).await,
            Probe::Trace { search, .. } => trace::explain(stack, search).await,
            Probe::Alert {
                name,
                labels,
                channel,
                ..
            } => {
                let asked = alert::Asked {
                    name,
                    labels,
                    channel: channel.as_deref(),
                };
                alert::explain(stack, &asked).await
            }
            Probe::Panel(panel) => panel::explain(stack, panel).await,
            Probe::Sql { query, .. } => sql::explain(stack, query).await,
            Probe::Http { address, .. } => http::explain(stack, address).await,
            Probe::Container { service, .. } => container::explain(stack, service).await,
            Probe::Run {
                service, command, ..
            } => run::explain(stack, service, command),
        }
    });
    explained.await
}
