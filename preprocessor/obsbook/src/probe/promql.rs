//! The probe `promql`: an instant query, compared, on evidence that is young enough.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use obsbook_lab::block::Quantifier;
use obsbook_lab::comparison::Comparison;
use obsbook_lab::promql::{Query, Selector};
use obsbook_lab::suggest;

use super::observe::{Observation, ProbeError};
use super::prometheus::{Prometheus, QueryError, Series};
use crate::stack::Stack;

/// How many near misses are worth a reader's time.
const NEAR_MISSES: usize = 6;

pub(super) async fn observe(
    stack: &Stack,
    query: &Query,
    quantifier: Quantifier,
    comparison: &Comparison,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let prometheus = connect(stack).await?;
    let away = |error| probe_error(stack, error);
    let series = prometheus.query(&query.text).await.map_err(away)?;
    let mut observation = judge(&series, quantifier, comparison)?;
    let newest = try_join_all(
        query
            .selectors
            .iter()
            .map(|selector| prometheus.newest_sample(&selector.text)),
    )
    .await
    .map_err(away)?;
    observation.evidence = newest.iter().flatten().min().copied();
    if let (true, Some(since), Some(evidence)) = (observation.met, since, observation.evidence)
        && evidence < since
    {
        observation.met = false;
        let age = since.duration_since(evidence).as_secs_f64();
        observation
            .seen
            .push_str(&format!(", but its newest sample is {age:.1} s too old"));
    }
    Ok(observation)
}

/// Sets what came back against the bound; no data and NaN never satisfy it.
fn judge(
    series: &[Series],
    quantifier: Quantifier,
    comparison: &Comparison,
) -> Result<Observation, ProbeError> {
    let holds = |series: &Series| comparison.holds(series.value);
    let (met, shown) = match (quantifier, series) {
        (_, []) => return Ok(Observation::now(false, "no data")),
        (Quantifier::One, [one]) => (holds(one), one),
        (Quantifier::One, _) => {
            let message = format!(
                "the query yields {} series, but `is` speaks of one; begin `is` with `any` or `all`, or aggregate with sum(), max() or by()",
                series.len()
            );
            return Err(ProbeError::Invalid(message));
        }
        (Quantifier::Any, _) => {
            let hit = series.iter().find(|series| holds(series));
            (hit.is_some(), hit.unwrap_or(&series[0]))
        }
        (Quantifier::All, _) => {
            let miss = series.iter().find(|series| !holds(series));
            (miss.is_none(), miss.unwrap_or(&series[0]))
        }
    };
    let mut seen = number(shown.value);
    if series.len() > 1 {
        seen = format!(
            "{seen} on {} (one of {} series)",
            labels(shown),
            series.len()
        );
    }
    Ok(Observation {
        met,
        value: Some(shown.value),
        seen,
        evidence: None,
    })
}

/// Four digits that matter: enough to see on which side of a bound a value lies.
fn number(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value == value.trunc() && value.abs() < 1e12 {
        return format!("{value:.0}");
    }
    let digits = 3 - value.abs().log10().floor().clamp(-9.0, 3.0) as i32;
    let text = format!("{value:.*}", usize::try_from(digits).unwrap_or(0));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn labels(series: &Series) -> String {
    let pairs = series.labels.iter().filter(|(name, _)| *name != "__name__");
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{name}=\"{value}\""))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

async fn connect(stack: &Stack) -> Result<Prometheus, ProbeError> {
    stack.prometheus().await.map_err(|reason| ProbeError::Away {
        source_name: stack.prometheus_service().to_owned(),
        reason,
    })
}

fn probe_error(stack: &Stack, error: QueryError) -> ProbeError {
    match error {
        QueryError::Refused(_) => ProbeError::Invalid(error.to_string()),
        QueryError::Away(reason) => ProbeError::Away {
            source_name: stack.prometheus_service().to_owned(),
            reason,
        },
    }
}

/// Says, selector by selector, which of the nothings it is: a wrong name, wrong labels, old samples, or data that misses the bound.
pub(super) async fn explain(stack: &Stack, query: &Query) -> Vec<String> {
    let Ok(prometheus) = connect(stack).await else {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[f64], quantifier: Quantifier, is: &str, met: bool, seen: &str) {
        let series: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(index, value)| Series {
                labels: [("i".to_owned(), index.to_string())].into(),
                value: *value,
                at: Timestamp::UNIX_EPOCH,
            })
            .collect();
        let comparison = Comparison::parse(is).expect(is);
        let observation = judge(&series, quantifier, &comparison).expect("an observation");
        assert_eq!(
            (observation.met, observation.seen.as_str()),
            (met, seen),
            "{values:?} {is}"
        );
    }

    #[test]
    fn series_are_set_against_the_bound() {
        use Quantifier::{All, Any, One};
        check(&[], One, "< 1", false, "no data");
        check(&[], All, "< 1", false, "no data");
        check(&[0.25], One, "< 1", true, "0.25");
        check(&[f64::NAN], One, "!= 1", false, "NaN");
        check(&[0.123_456], One, "> 1", false, "0.1235");
        check(&[1234.567], One, "> 1", true, "1235");
        check(
            &[1.0, 5.0],
            Any,
            "> 3",
            true,
            "5 on {i=\"1\"} (one of 2 series)",
        );
        check(
            &[1.0, 5.0],
            All,
            "> 3",
            false,
            "1 on {i=\"0\"} (one of 2 series)",
        );
        check(
            &[4.0, 5.0],
            All,
            "> 3",
            true,
            "4 on {i=\"0\"} (one of 2 series)",
        );
    }

    #[test]
    fn several_series_need_a_quantifier() {
        let one = Series {
            labels: [].into(),
            value: 1.0,
            at: Timestamp::UNIX_EPOCH,
        };
        let comparison = Comparison::parse("> 0").expect("a comparison");
        let error = judge(&[one.clone(), one], Quantifier::One, &comparison).expect_err("two");
        assert!(error.to_string().contains("begin `is` with `any` or `all`"));
    }
}
