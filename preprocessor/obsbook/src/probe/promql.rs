//! The probe `promql`: an instant query, compared, on evidence that is young enough.

use futures_util::future::try_join_all;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::MetricExpectation;
use obsbook_lab::promql::Query;

use super::clocked::Clocked;
use super::growth::growth;
use super::observe::{Observation, ProbeError};
use super::series::{judge, labels, several};
use super::source::Series;
use crate::stack::{Kind, Stack};

/// The moments that a time is looked at: the sandbox's fastest scrape.
const STEP: SignedDuration = SignedDuration::from_secs(1);

pub(super) async fn observe(
    stack: &Stack,
    query: &Query,
    expectation: &MetricExpectation,
    baseline: Clocked<'_>,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let (series, evidence) = evaluate(stack, query).await?;
    let mut observation = match expectation {
        MetricExpectation::Value {
            quantifier,
            comparison,
        } => judge(&series, *quantifier, comparison)?,
        // What is not there has no sample that could be too old.
        MetricExpectation::Absent => return Ok(absent(&series)),
        MetricExpectation::Increases { by } => {
            let now = match series.as_slice() {
                [] => return Ok(Observation::now(false, "no data")),
                [one] => one,
                _ => return Err(several(series.len())),
            };
            let prometheus = stack.prometheus().await?;
            let grown = growth(&prometheus, query, now, by, baseline.from(since)).await;
            grown.map_err(|error| ProbeError::from_query(stack, Kind::Prometheus, error))?
        }
        MetricExpectation::Stays {
            quantifier,
            comparison,
            lasting,
        } => {
            let now = judge(&series, *quantifier, comparison)?;
            let all_along = Span {
                end: baseline.now(),
                since,
                lasting: *lasting,
            };
            let holds = |series: &[Series]| judge(series, *quantifier, comparison);
            all_along.look(stack, query, now, holds).await?
        }
    };
    observation.evidence = evidence;
    observation.discard_older_than(since, "sample");
    Ok(observation)
}

fn absent(series: &[Series]) -> Observation {
    match series.first() {
        None => Observation::now(true, "no series"),
        Some(first) => {
            let seen = format!("{} series, such as {}", series.len(), labels(first));
            Observation::of(false, first.value, seen)
        }
    }
}

/// A time over which a condition holds without a break.
struct Span {
    end: Timestamp,
    since: Option<Timestamp>,
    lasting: Duration,
}

impl Span {
    /// Returns what is seen over the whole time: `now`, unless it was otherwise at a moment before.
    async fn look(
        &self,
        stack: &Stack,
        query: &Query,
        now: Observation,
        holds: impl Fn(&[Series]) -> Result<Observation, ProbeError>,
    ) -> Result<Observation, ProbeError> {
        if !now.met {
            return Ok(now);
        }
        let lasting = SignedDuration::try_from(self.lasting).unwrap_or_default();
        let end = self.end;
        let start = end.checked_sub(lasting).unwrap_or_default();
        if let Some(since) = self.since.filter(|since| *since > start) {
            let so_far = end.duration_since(since).as_secs_f64();
            let seen = format!("{}, for {so_far:.1} s so far", now.seen);
            return Ok(Observation {
                met: false,
                seen,
                ..now
            });
        }
        let prometheus = stack.prometheus().await?;
        let moments = prometheus.query_range(&query.text, start, end, STEP).await;
        let moments =
            moments.map_err(|error| ProbeError::from_query(stack, Kind::Prometheus, error))?;
        for (at, series) in &moments {
            let then = holds(series)?;
            if !then.met {
                let ago = end.duration_since(*at).as_secs_f64();
                let seen = format!("{}, but {} {ago:.1} s ago", now.seen, then.seen);
                return Ok(Observation {
                    met: false,
                    seen,
                    ..now
                });
            }
        }
        Ok(now)
    }
}

/// Returns what the query yields, and the time of the newest raw sample under the oldest of its selectors.
pub(super) async fn evaluate(
    stack: &Stack,
    query: &Query,
) -> Result<(Vec<Series>, Option<Timestamp>), ProbeError> {
    let prometheus = stack.prometheus().await?;
    let away = |error| ProbeError::from_query(stack, Kind::Prometheus, error);
    let selectors = query.selectors.iter();
    let newest = selectors.map(|selector| prometheus.newest_sample(selector));
    // Before the query: a sample that comes between the two must not vouch for an answer that it is not in.
    let newest = try_join_all(newest).await.map_err(away)?;
    let series = prometheus.query(&query.text).await.map_err(away)?;
    Ok((series, newest.iter().flatten().min().copied()))
}
