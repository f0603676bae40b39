//! Which of the nothings it is, when a PromQL query does not come out: a wrong name, a wrong label, a target that is down.

use std::time::Duration;

use obsbook_lab::promql::{Query, Selector};
use obsbook_lab::suggest;

use super::series::{labels, number};
use super::source::{Prometheus, Series};
use crate::stack::Stack;

/// How many near misses are worth a reader's time.
const NEAR_MISSES: usize = 6;
/// How far back samples of a target that is down are looked for.
const REMEMBERED: Duration = Duration::from_mins(15);

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
    let text = selector.instant();
    let count = prometheus.query(&format!("count({text})")).await.ok()?;
    if let Some(count) = count.first() {
        let newest = prometheus.newest_sample(selector).await.ok()??;
        // The server's present, not ours: the two clocks may differ.
        let age = count.at.duration_since(newest).as_secs_f64();
        let count = count.value;
        return Some(format!(
            "`{text}` has {count} series, the newest sample {age:.1} s old"
        ));
    }
    if let Some(last) = last_of(prometheus, selector).await {
        return Some(format!("`{text}` has no sample now; {last}"));
    }
    let Some(metric) = selector.metric.as_deref() else {
        return Some(explain_nameless(prometheus, selector).await);
    };
    let names = prometheus.label_names(Some(metric)).await.ok()?;
    if names.is_empty() {
        return explain_name(prometheus, metric).await;
    }
    let unknown = selector.labels.iter().find(|label| !names.contains(label));
    if let Some(unknown) = unknown {
        return Some(format!(
            "`{metric}` has no label `{unknown}`; {}",
            suggest::hint(unknown, names.iter().map(String::as_str))
        ));
    }
    let asked = selector.labels.join(", ");
    let found = prometheus
        .query(&format!("group by ({asked}) ({metric})"))
        .await
        .ok()?;
    Some(format!(
        "`{text}` finds no series; `{metric}` has {}",
        near_misses(&found)
    ))
}

fn near_misses(found: &[Series]) -> String {
    if found.is_empty() {
        return "none at present".to_owned();
    }
    let shown: Vec<_> = found.iter().take(NEAR_MISSES).map(labels).collect();
    let more = match found.len().saturating_sub(NEAR_MISSES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

/// What a selector last found, if that is not long ago.
async fn last_of(prometheus: &Prometheus, selector: &Selector) -> Option<String> {
    let asked_at = prometheus.query("vector(1)").await.ok()?.first()?.at;
    let raw = prometheus.raw(&selector.over(REMEMBERED)).await.ok()?;
    let last = raw.iter().max_by_key(|series| series.at)?;
    let ago = asked_at.duration_since(last.at).as_secs();
    Some(format!(
        "the last was {}, {ago} s ago: its target is down, or no longer exposes it",
        number(last.value)
    ))
}

async fn explain_name(prometheus: &Prometheus, metric: &str) -> Option<String> {
    let names = prometheus.metric_names().await.ok()?;
    Some(
        match suggest::nearest(metric, names.iter().map(String::as_str)) {
            Some(near) if near != metric => {
                format!("there is no metric `{metric}`; there is `{near}`")
            }
            Some(_) => format!(
                "`{metric}` has had samples, but has none now: its target is down, or no longer exposes it"
            ),
            None => format!("there is no metric `{metric}`, nor one of a similar name"),
        },
    )
}

/// A selector by labels alone: one of them is not there, or not with the value that is asked for.
async fn explain_nameless(prometheus: &Prometheus, selector: &Selector) -> String {
    let mut known = Vec::new();
    for label in &selector.labels {
        let values = prometheus.label_values(label).await.unwrap_or_default();
        if values.is_empty() {
            let names = prometheus.label_names(None).await.unwrap_or_default();
            let hint = suggest::hint(label, names.iter().map(String::as_str));
            return format!("no series has a label `{label}`; {hint}");
        }
        known.push(format!(
            "label `{label}` has the values {}",
            values.join(", ")
        ));
    }
    known.insert(
        0,
        format!("`{}` finds no series of any metric", selector.text),
    );
    known.join("; ")
}
