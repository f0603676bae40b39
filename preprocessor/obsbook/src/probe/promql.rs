//! The probe `promql`: an instant query, compared, on evidence that is young enough.

use futures_util::future::try_join_all;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::MetricExpectation;
use obsbook_lab::comparison::Comparison;
use obsbook_lab::promql::{Query, Selector};
use obsbook_lab::suggest;

use super::observe::{Baseline, Observation, ProbeError};
use super::series::{judge, labels, number, several};
use super::source::{Prometheus, Series};
use crate::stack::{Kind, Stack};

/// The moments that a time is looked at: the sandbox's fastest scrape.
const STEP: SignedDuration = SignedDuration::from_secs(1);
/// How many near misses are worth a reader's time.
const NEAR_MISSES: usize = 6;

pub(super) async fn observe(
    stack: &Stack,
    query: &Query,
    expectation: &MetricExpectation,
    baseline: &Baseline,
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
            let from = baseline.from(since);
            growth(stack, query, &series, by, from).await?
        }
        MetricExpectation::Stays {
            quantifier,
            comparison,
            lasting,
        } => {
            let now = judge(&series, *quantifier, comparison)?;
            let all_along = Span {
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

/// How much the one value of a query has grown since `from`. A series that was not there then began at zero.
async fn growth(
    stack: &Stack,
    query: &Query,
    series: &[Series],
    by: &Comparison,
    from: Timestamp,
) -> Result<Observation, ProbeError> {
    let now = match series {
        [] => return Ok(Observation::now(false, "no data")),
        [one] => one.value,
        _ => return Err(several(series.len())),
    };
    let prometheus = stack.prometheus().await?;
    let before = prometheus.query_at(&query.text, from).await;
    let before = before.map_err(|error| ProbeError::from_query(stack, Kind::Prometheus, error))?;
    let before = before.first().map_or(0.0, |series| series.value);
    // A counter that is smaller than before began anew with its process.
    let grown = if now < before { now } else { now - before };
    let seen = format!("{} more than before, {}", number(grown), number(now));
    Ok(Observation::of(by.holds(grown), grown, seen))
}

/// A time over which a condition holds without a break.
struct Span {
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
        let end = Timestamp::now();
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
    let series = prometheus.query(&query.text).await.map_err(away)?;
    let selectors = query.selectors.iter();
    let newest = selectors.map(|selector| prometheus.newest_sample(selector));
    let newest = try_join_all(newest).await.map_err(away)?;
    Ok((series, newest.iter().flatten().min().copied()))
}

/// Says, selector by selector, which of the nothings it is: a wrong name, wrong labels, old samples, or data that misses the bound.
pub(super) async fn explain(stack: &Stack, query: &Query) -> Vec<String> {
    let Ok(prometheus) = stack.prometheus().await else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for selector in &query.selectors {
        lines.extend(explain_selector(&prometheus, selector).await);
    }
    lines.push(format!(
        "look for yourself: {}",
        prometheus.link(&query.text)
    ));
    lines
}

async fn explain_selector(prometheus: &Prometheus, selector: &Selector) -> Option<String> {
    let text = &selector.text;
    if let Some(newest) = prometheus.newest_sample(selector).await.ok()? {
        let age = Timestamp::now().duration_since(newest).as_secs_f64();
        let count = prometheus.query(&format!("count({text})")).await.ok()?;
        let count = count.first().map_or(0.0, |series| series.value);
        return Some(format!(
            "`{text}` has {count} series, the newest sample {age:.1} s old"
        ));
    }
    let metric = selector.metric.as_deref()?;
    let asked = selector.labels.join(", ");
    let found = prometheus
        .query(&format!("group by ({asked}) ({metric})"))
        .await
        .ok()?;
    if found.is_empty() {
        let names = prometheus.metric_names().await.ok()?;
        return Some(
            match suggest::nearest(metric, names.iter().map(String::as_str)) {
                Some(near) if near != metric => {
                    format!("there is no metric `{metric}`; there is `{near}`")
                }
                Some(_) => format!(
                    "`{metric}` has had samples, but has none now: its target is down, or no longer exposes it"
                ),
                None => format!("there is no metric `{metric}`, nor one of a similar name"),
            },
        );
    }
    let shown: Vec<_> = found.iter().take(NEAR_MISSES).map(labels).collect();
    let more = found.len().saturating_sub(NEAR_MISSES);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Some(format!(
        "`{text}` finds no series; `{metric}` has {}{more}",
        shown.join(", ")
    ))
}
