//! What a condition asks for, over a whole lab: the curve that a reader wants to see beside the verdict.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::{PanelQuery, Probe};
use obsbook_lab::event::Curve;
use obsbook_lab::promql::Query;

use crate::stack::Stack;

/// A drawing shows no more points side by side.
const POINTS: i64 = 240;
/// Nor do readers tell more curves apart.
const CURVES: usize = 8;

/// Returns the curves of what `probe` asks Prometheus for, one series each; none where it asks somebody else, or where no answer comes.
///
/// A moment without a sample is `None`; so is NaN, which has no place on an axis.
pub async fn history(stack: &Stack, probe: &Probe, from: Timestamp, to: Timestamp) -> Vec<Curve> {
    let mut curves = Vec::new();
    for query in queries(probe) {
        curves.extend(of_query(stack, query, from, to).await);
    }
    curves.truncate(CURVES);
    curves
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

async fn of_query(stack: &Stack, query: &Query, from: Timestamp, to: Timestamp) -> Vec<Curve> {
    let seconds = (to.duration_since(from).as_secs() / POINTS).max(1);
    let step = SignedDuration::from_secs(seconds);
    let Ok(prometheus) = stack.prometheus().await else {
        return Vec::new();
    };
    let answer = prometheus.query_range(&query.text, from, to, step).await;
    let moments = answer.unwrap_or_default();
    let mut by_labels: BTreeMap<BTreeMap<String, String>, Vec<Option<f64>>> = BTreeMap::new();
    let count = moments.len();
    for (index, (_, series)) in moments.iter().enumerate() {
        for series in series {
            let values = by_labels.entry(series.labels.clone());
            let values = values.or_insert_with(|| vec![None; count]);
            values[index] = Some(series.value).filter(|value| value.is_finite());
        }
    }
    let from = moments.first().map_or(from, |(at, _)| *at);
    let curves = by_labels.into_iter().map(|(labels, values)| Curve {
        labels,
        from,
        step: step.as_secs_f64(),
        values,
    });
    curves.collect()
}
