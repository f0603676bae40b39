//! The probe `logql`: lines counted from a moment on, or numbers made of them.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use obsbook_lab::block::LogExpectation;
use obsbook_lab::comparison::Comparison;
use obsbook_lab::logql::Query;
use obsbook_lab::suggest;

use super::clocked::Clocked;
use super::complete::complete;
use super::observe::{Observation, ProbeError};
use super::series::judge;
use super::source::{LINES, Loki, Series};
use crate::stack::{Kind, Stack};

/// How many lines a failure shows.
const SHOWN: usize = 3;
/// How much of a line it shows.
const WIDTH: usize = 200;
/// How far back a failure looks for what comes near.
const NEARBY: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

pub(super) async fn observe(
    stack: &Stack,
    query: &Query,
    expectation: &LogExpectation,
    baseline: Clocked<'_>,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let from = baseline.from(since);
    match expectation {
        LogExpectation::Complete { field } => {
            let loki = stack.loki().await?;
            // From before the fault on: what the fault took away is what must be there again.
            let lines = loki
                .lines(&query.text, baseline.from(None), usize::MAX)
                .await;
            let lines = lines.map_err(|error| ProbeError::from_query(stack, Kind::Loki, error))?;
            Ok(complete(&lines, field, since, baseline.now()))
        }
        LogExpectation::Count(comparison) => {
            let enough = enough(comparison);
            let count = count(stack, query, from, enough).await?;
            #[allow(clippy::cast_precision_loss)]
            let is_cut = count >= enough as f64;
            let least = if is_cut { "at least " } else { "" };
            let seen = format!("{least}{count} lines");
            Ok(Observation::of(comparison.holds(count), count, seen))
        }
        LogExpectation::Value {
            quantifier,
            comparison,
        } => {
            let (series, evidence) = evaluate(stack, query, baseline.now()).await?;
            let mut observation = judge(&series, *quantifier, comparison)?;
            observation.evidence = evidence;
            observation.discard_older_than(since, "line");
            Ok(observation)
        }
    }
}

/// With how many lines a comparison is decided: no more are read, unless they come with the first page.
fn enough(comparison: &Comparison) -> usize {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let bound = comparison.bound.max(0.0) as usize;
    bound.saturating_add(1).max(LINES)
}

/// Returns how many lines the query finds from `from` on, `enough` at most.
pub(super) async fn count(
    stack: &Stack,
    query: &Query,
    from: Timestamp,
    enough: usize,
) -> Result<f64, ProbeError> {
    let loki = stack.loki().await?;
    let lines = loki.lines(&query.text, from, enough).await;
    let lines = lines.map_err(|error| ProbeError::from_query(stack, Kind::Loki, error))?;
    #[allow(clippy::cast_precision_loss)]
    Ok(lines.len() as f64)
}

/// Returns what a metric query yields, and the time of the newest line under the oldest of its selections.
pub(super) async fn evaluate(
    stack: &Stack,
    query: &Query,
    now: Timestamp,
) -> Result<(Vec<Series>, Option<Timestamp>), ProbeError> {
    let loki = stack.loki().await?;
    let away = |error| ProbeError::from_query(stack, Kind::Loki, error);
    let newest = query.selections.iter().map(async |selection| {
        let read_at = now.checked_sub(selection.offset).unwrap_or_default();
        let from = read_at.checked_sub(NEARBY).unwrap_or_default();
        let until = (!selection.offset.is_zero()).then_some(read_at);
        let lines = loki.lines_between(&selection.text, from, until, 1).await?;
        Ok(lines.first().map(|line| line.at))
    });
    // Before the query: a line that comes between the two must not vouch for an answer that it is not in.
    let newest: Vec<Option<Timestamp>> = try_join_all(newest).await.map_err(away)?;
    let series = loki.query(&query.text).await.map_err(away)?;
    Ok((series, newest.into_iter().flatten().min()))
}

/// Says which of the nothings it is: a label that no stream has, a filter that lets nothing through, or lines that are too few.
pub(super) async fn explain(stack: &Stack, query: &Query) -> Vec<String> {
    let Ok(loki) = stack.loki().await else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    for selection in &query.selections {
        let found = loki
            .lines(&selection.text, recent(), SHOWN)
            .await
            .unwrap_or_default();
        if found.is_empty() && selection.text != selection.selector {
            lines.extend(explain_selector(&loki, &selection.selector, &selection.labels).await);
        } else if found.is_empty() {
            lines.extend(explain_labels(&loki, &selection.labels).await);
        } else {
            let age = Timestamp::now().duration_since(found[0].at).as_secs_f64();
            lines.push(format!(
                "`{}` found lines in the last five minutes, the newest {age:.1} s old",
                selection.text
            ));
        }
    }
    lines.push(format!("look for yourself: {}", loki.link(&query.text)));
    lines
}

async fn explain_selector(loki: &Loki, selector: &str, labels: &[String]) -> Vec<String> {
    let found = loki
        .lines(selector, recent(), SHOWN)
        .await
        .unwrap_or_default();
    if found.is_empty() {
        return explain_labels(loki, labels).await;
    }
    let mut lines = vec![format!(
        "{selector} has lines, but none passes the filters; the newest are:"
    )];
    lines.extend(
        found
            .iter()
            .map(|line| format!("  {}", line.text.chars().take(WIDTH).collect::<String>())),
    );
    lines
}

async fn explain_labels(loki: &Loki, labels: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    for label in labels {
        let values = loki.label_values(label).await.unwrap_or_default();
        lines.push(if values.is_empty() {
            let known = loki.labels().await.unwrap_or_default();
            let hint = suggest::hint(label, known.iter().map(String::as_str));
            format!("no stream has a label `{label}`; {hint}")
        } else {
            format!("label `{label}` has the values {}", values.join(", "))
        });
    }
    lines
}

fn recent() -> Timestamp {
    Timestamp::now().checked_sub(NEARBY).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_lines_are_read_as_decide_a_comparison() {
        for (text, expected) in [
            ("> 3", LINES),
            ("> 6000", 6001),
            ("== 6000.5", 6001),
            (">= -1", LINES),
        ] {
            let comparison = Comparison::parse(text).expect(text);
            assert_eq!(enough(&comparison), expected, "{text}");
        }
    }
}
