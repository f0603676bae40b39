//! The probe `panel`: the queries of a dashboard's panel, as Grafana would ask them now.

use std::collections::BTreeMap;

use jiff::Timestamp;
use obsbook_lab::block::{PanelProbe, PanelQuery};

use super::clocked::Clocked;
use super::observe::{Observation, ProbeError};
use super::series::judge;
use super::source::Series;
use super::{logql, nothing, promql};
use crate::stack::Stack;

pub(super) async fn observe(
    stack: &Stack,
    panel: &PanelProbe,
    baseline: Clocked<'_>,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let from = baseline.from(since);
    let mut series = Vec::new();
    let mut evidence: Option<Timestamp> = None;
    for (_, query) in &panel.queries {
        let (found, newest) = evaluate_at(stack, query, from, baseline.now()).await?;
        series.extend(found);
        evidence = match (evidence, newest) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    let mut observation = judge(&series, panel.quantifier, &panel.comparison)?;
    observation.evidence = evidence;
    observation.discard_older_than(since, "sample");
    Ok(observation)
}

/// Returns what one query of a panel yields now; lines count as the number of them from `from` on.
pub(crate) async fn evaluate(
    stack: &Stack,
    query: &PanelQuery,
    from: Timestamp,
) -> Result<(Vec<Series>, Option<Timestamp>), ProbeError> {
    evaluate_at(stack, query, from, Timestamp::now()).await
}

async fn evaluate_at(
    stack: &Stack,
    query: &PanelQuery,
    from: Timestamp,
    now: Timestamp,
) -> Result<(Vec<Series>, Option<Timestamp>), ProbeError> {
    match query {
        PanelQuery::Promql(query) => promql::evaluate(stack, query).await,
        PanelQuery::Logql(query) if query.is_metric => logql::evaluate(stack, query, now).await,
        PanelQuery::Logql(query) => {
            let value = logql::count(stack, query, from, usize::MAX).await?;
            let lines = Series {
                labels: BTreeMap::new(),
                value,
                at: now,
            };
            // No line is no data, as an empty panel shows it.
            Ok((if value > 0.0 { vec![lines] } else { Vec::new() }, None))
        }
    }
}

pub(super) async fn explain(stack: &Stack, panel: &PanelProbe) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, query) in &panel.queries {
        let (text, more) = match query {
            PanelQuery::Promql(query) => (&query.text, nothing::explain(stack, query).await),
            PanelQuery::Logql(query) => (&query.text, logql::explain(stack, query).await),
        };
        lines.push(format!("query {id} is {text}"));
        lines.extend(more);
    }
    lines
}
