//! What a condition asks for, over a whole lab: the curve that a reader wants to see beside the verdict.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::{PanelQuery, Probe};
use obsbook_lab::event::Curve;
use obsbook_lab::promql::Query;

use super::observe::ProbeError;
use super::source::Series;
use crate::stack::{Kind, Stack};

/// A drawing shows no more points side by side.
const POINTS: i64 = 240;
/// Nor do readers tell more curves apart.
const CURVES: usize = 8;

/// Returns the curves of what `probe` asks Prometheus for, one series each; none where it asks somebody else, or where no answer comes.
///
/// A moment without a sample is `None`; so is NaN, which has no place on an axis.
pub async fn history(stack: &Stack, probe: &Probe, from: Timestamp, to: Timestamp) -> Vec<Curve> {
    let mut found = Vec::new();
    for query in queries(probe) {
        let query = PanelQuery::Promql(query.clone());
        found.extend(curves(stack, &query, from, to).await.unwrap_or_default());
    }
    found.truncate(CURVES);
    found
}

fn queries(probe: &Probe) -> Vec<&Query> {
    match probe {
        Probe::Promql { query, .. } => vec![query],
        Probe::Panel(panel) => {
            let queries = panel.queries.iter();
            let of_prometheus = queries.filter_map(|(_, query)| match query {
                PanelQuery::Promql(query) => Some(query),
                PanelQuery::Logql(_) => None,
            });
            of_prometheus.collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the curves of what a query yields from `from` to `to`, one series each.
///
/// A moment without a sample is `None`; so is NaN, which has no place on an axis.
///
/// # Errors
/// The data source refuses the query, or does not answer.
pub async fn curves(
    stack: &Stack,
    query: &PanelQuery,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<Curve>, ProbeError> {
    let seconds = (to.duration_since(from).as_secs() / POINTS).max(1);
    let step = SignedDuration::from_secs(seconds);
    let samples: Vec<Series> = match query {
        PanelQuery::Promql(query) => {
            let away = |error| ProbeError::from_query(stack, Kind::Prometheus, error);
            let prometheus = stack.prometheus().await?;
            let moments = prometheus.query_range(&query.text, from, to, step).await;
            moments
                .map_err(away)?
                .into_iter()
                .flat_map(|(_, series)| series)
                .collect()
        }
        PanelQuery::Logql(query) => {
            let away = |error| ProbeError::from_query(stack, Kind::Loki, error);
            let loki = stack.loki().await?;
            loki.query_range(&query.text, from, to, step)
                .await
                .map_err(away)?
        }
    };
    Ok(by_labels(samples, step))
}

fn by_labels(samples: Vec<Series>, step: SignedDuration) -> Vec<Curve> {
    let Some(from) = samples.iter().map(|sample| sample.at).min() else {
        return Vec::new();
    };
    let place = |at: Timestamp| {
        let steps = at.duration_since(from).as_millis() / step.as_millis().max(1);
        usize::try_from(steps).unwrap_or_default()
    };
    let count = samples
        .iter()
        .map(|sample| place(sample.at) + 1)
        .max()
        .unwrap_or_default();
    let mut known: BTreeMap<BTreeMap<String, String>, Vec<Option<f64>>> = BTreeMap::new();
    for sample in samples {
        let at = place(sample.at);
        let values = known
            .entry(sample.labels)
            .or_insert_with(|| vec![None; count]);
        values[at] = Some(sample.value).filter(|value| value.is_finite());
    }
    let curves = known.into_iter().map(|(labels, values)| Curve {
        labels,
        from,
        step: step.as_secs_f64(),
        values,
    });
    curves.collect()
}
