//! The probe `promql`: an instant query, compared, on evidence that is young enough.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use obsbook_lab::block::Quantifier;
use obsbook_lab::comparison::Comparison;
use obsbook_lab::promql::{Query, Selector};
use obsbook_lab::suggest;

use super::observe::{Observation, ProbeError};
use super::series::{judge, labels};
use super::source::{Prometheus, Series};
use crate::stack::{Kind, Stack};

/// How many near misses are worth a reader's time.
const NEAR_MISSES: usize = 6;

pub(super) async fn observe(
    stack: &Stack,
    query: &Query,
    quantifier: Quantifier,
    comparison: &Comparison,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let (series, evidence) = evaluate(stack, query).await?;
    let mut observation = judge(&series, quantifier, comparison)?;
    observation.evidence = evidence;
    observation.discard_older_than(since, "sample");
    Ok(observation)
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
    let newest = selectors.map(|selector| prometheus.newest_sample(&selector.text));
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
    if let Some(newest) = prometheus.newest_sample(text).await.ok()? {
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
