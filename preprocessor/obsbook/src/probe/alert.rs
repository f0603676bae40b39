//! The probe `alert`: the rule in Prometheus, the alert in Alertmanager, the notification at the receiver.

use std::collections::BTreeMap;

use jiff::Timestamp;
use obsbook_lab::block::{AlertExpectation, AlertState};
use obsbook_lab::comparison::Comparison;
use obsbook_lab::suggest;

use super::notification::{Arrived, arrived, told_from};
use super::observe::{Observation, ProbeError};
use super::source::{Alert, Notification, QueryError};
use crate::stack::{Kind, Stack};

/// How far back a failure looks for what comes near.
const NEARBY: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// The alert that a block asks about.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) labels: &'a BTreeMap<String, String>,
    pub(super) channel: Option<&'a str>,
}

impl Asked<'_> {
    /// Returns whether an alert with these labels has those that are asked for.
    pub(super) fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels
            .iter()
            .all(|(name, value)| labels.get(name) == Some(value))
    }
}

pub(super) async fn observe(
    stack: &Stack,
    asked: &Asked<'_>,
    expectation: &AlertExpectation,
    from: Timestamp,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    match expectation {
        AlertExpectation::Is(
            state @ (AlertState::Inactive | AlertState::Pending | AlertState::Firing),
        ) => rule(stack, asked, *state, since).await,
        AlertExpectation::Is(state @ (AlertState::Inhibited | AlertState::Silenced)) => {
            held_back(stack, asked, *state, since).await
        }
        AlertExpectation::Is(state) => {
            let word = if *state == AlertState::Resolved {
                "resolved"
            } else {
                "firing"
            };
            let all = notifications(stack, from).await?;
            let arrived = arrived(asked, word, from, &all);
            let seen = match arrived.found.last() {
                Some((last, _)) => format!(
                    "{} by {} at {}",
                    words(word),
                    last.channel,
                    last.received_at.strftime("%H:%M:%S%.3f")
                ),
                None => format!(
                    "not {}; in Prometheus it is {}{}",
                    words(word),
                    current(stack, asked).await,
                    unclear(asked, &arrived)
                ),
            };
            Ok(Observation::now(!arrived.found.is_empty(), seen))
        }
        AlertExpectation::Notifications(comparison) => {
            let all = notifications(stack, from).await?;
            let arrived = arrived(asked, "firing", from, &all);
            #[allow(clippy::cast_precision_loss)]
            let value = arrived.found.len() as f64;
            Ok(Observation::of(
                comparison.holds(value),
                value,
                format!("{value} notifications{}", unclear(asked, &arrived)),
            ))
        }
        AlertExpectation::Group(comparison) => {
            let all = notifications(stack, from).await?;
            Ok(group(
                asked,
                &arrived(asked, "firing", from, &all),
                comparison,
            ))
        }
    }
}

/// The largest group that the alert came in.
fn group(asked: &Asked<'_>, arrived: &Arrived<'_>, comparison: &Comparison) -> Observation {
    let sizes = arrived.found.iter().filter_map(|(_, group)| *group);
    let Some(largest) = sizes.max() else {
        let seen = match arrived.found.len() {
            0 => format!("no notification{}", unclear(asked, arrived)),
            count => format!("{count} notifications that do not tell their alerts apart"),
        };
        return Observation::now(false, seen);
    };
    #[allow(clippy::cast_precision_loss)]
    let value = largest as f64;
    Observation::of(
        comparison.holds(value),
        value,
        format!("a group of {value} alerts at most"),
    )
}

/// Why notifications with the alert's name do not count, if there are such.
fn unclear(asked: &Asked<'_>, arrived: &Arrived<'_>) -> String {
    if arrived.unclear == 0 {
        return String::new();
    }
    format!(
        "; {} more about {}, but neither their group's labels nor a webhook's notification of the same group tell whether they are about {}",
        arrived.unclear,
        asked.name,
        labels(asked.labels)
    )
}

fn words(status: &str) -> &str {
    if status == "firing" {
        "delivered"
    } else {
        "told to be resolved"
    }
}

async fn rule(
    stack: &Stack,
    asked: &Asked<'_>,
    wanted: AlertState,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let found = active(stack, asked).await?;
    let word = match wanted {
        AlertState::Pending => "pending",
        AlertState::Firing => "firing",
        _ => {
            let seen = found
                .first()
                .map_or("inactive", |alert| alert.state.as_str());
            return Ok(Observation::now(found.is_empty(), seen));
        }
    };
    let Some(hit) = found.iter().find(|alert| alert.state == word) else {
        let seen = found
            .first()
            .map_or("inactive", |alert| alert.state.as_str());
        return Ok(Observation::now(false, seen));
    };
    let mut observation = Observation::now(true, word);
    // Of several, the youngest decides: it is the one that this fault may have brought.
    let youngest = found
        .iter()
        .filter(|alert| alert.state == word)
        .map(|alert| alert.active_at)
        .max();
    observation.evidence = Some(youngest.unwrap_or(hit.active_at));
    observation.discard_older_than(since, "occurrence");
    Ok(observation)
}

async fn held_back(
    stack: &Stack,
    asked: &Asked<'_>,
    wanted: AlertState,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let alertmanager = stack.alertmanager().await?;
    let alerts = alertmanager.alerts(asked.name).await;
    let alerts =
        alerts.map_err(|error| ProbeError::from_query(stack, Kind::Alertmanager, error))?;
    let alerts: Vec<_> = alerts
        .into_iter()
        .filter(|alert| asked.fits(&alert.labels))
        .collect();
    let held = |inhibited: bool, silenced: bool| match wanted {
        AlertState::Inhibited => inhibited,
        _ => silenced,
    };
    let hits = alerts.iter().filter(|alert| {
        held(
            !alert.status.inhibited_by.is_empty(),
            !alert.status.silenced_by.is_empty(),
        )
    });
    // Of several, the youngest decides, as of those that fire.
    let Some(hit) = hits.max_by_key(|alert| alert.starts_at) else {
        let seen = if alerts.is_empty() {
            "alertmanager does not have it"
        } else {
            "alertmanager lets it through"
        };
        return Ok(Observation::now(false, seen));
    };
    let word = if wanted == AlertState::Inhibited {
        "inhibited"
    } else {
        "silenced"
    };
    let mut observation = Observation::now(true, word);
    observation.evidence = Some(hit.starts_at);
    observation.discard_older_than(since, "occurrence");
    Ok(observation)
}

/// What arrived since a little before `from`: what it tells may be about what came after.
async fn notifications(stack: &Stack, from: Timestamp) -> Result<Vec<Notification>, ProbeError> {
    let inbox = stack.alert_inbox().await?;
    let all = inbox.since(told_from(from)).await;
    all.map_err(|error| ProbeError::from_query(stack, Kind::AlertInbox, error))
}

async fn active(stack: &Stack, asked: &Asked<'_>) -> Result<Vec<Alert>, ProbeError> {
    let prometheus = stack.prometheus().await?;
    let away = |error: QueryError| ProbeError::from_query(stack, Kind::Prometheus, error);
    let alerts = prometheus.alerts().await.map_err(away)?;
    let found: Vec<_> = alerts
        .into_iter()
        .filter(|alert| {
            alert
                .labels
                .get("alertname")
                .is_some_and(|name| name == asked.name)
                && asked.fits(&alert.labels)
        })
        .collect();
    if found.is_empty() {
        // A name that no rule has would otherwise be inactive for ever.
        let names = prometheus.alert_names().await.map_err(away)?;
        if !names.iter().any(|name| name == asked.name) {
            let hint = suggest::hint(asked.name, names.iter().map(String::as_str));
            return Err(ProbeError::Invalid(format!(
                "there is no alerting rule `{}`; {hint}",
                asked.name
            )));
        }
    }
    Ok(found)
}

async fn current(stack: &Stack, asked: &Asked<'_>) -> String {
    match active(stack, asked).await {
        Ok(found) => found
            .first()
            .map_or_else(|| "inactive".to_owned(), |alert| alert.state.clone()),
        Err(error) => error.to_string(),
    }
}

/// Shows what fires instead, and what arrived instead.
pub(super) async fn explain(stack: &Stack, asked: &Asked<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Ok(prometheus) = stack.prometheus().await
        && let Ok(alerts) = prometheus.alerts().await
    {
        let rules = prometheus.alert_names().await.unwrap_or_default();
        lines.extend(explain_active(asked, &alerts, &rules));
        let rule = format!("ALERTS{{alertname=\"{}\"}}", asked.name);
        lines.push(format!("look for yourself: {}", prometheus.link(&rule)));
    }
    if let Ok(inbox) = stack.alert_inbox().await {
        let from = Timestamp::now().checked_sub(NEARBY).unwrap_or_default();
        let arrived = inbox.since(from).await.unwrap_or_default();
        lines.push(format!(
            "{} notifications arrived in the last five minutes: {}",
            arrived.len(),
            inbox.link()
        ));
    }
    lines
}

/// Alerts of the name with all their labels, the others by their names; `rules` are the names of all alerting rules.
fn explain_active(asked: &Asked<'_>, alerts: &[Alert], rules: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if !rules.is_empty() && !rules.iter().any(|rule| rule == asked.name) {
        let hint = suggest::hint(asked.name, rules.iter().map(String::as_str));
        lines.push(format!(
            "there is no alerting rule `{}`; {hint}",
            asked.name
        ));
    }
    let name = |alert: &Alert| alert.labels.get("alertname").cloned().unwrap_or_default();
    let (named, others): (Vec<_>, Vec<_>) =
        alerts.iter().partition(|alert| name(alert) == asked.name);
    for alert in named {
        let mut own = alert.labels.clone();
        own.remove("alertname");
        let differs = if asked.fits(&own) {
            String::new()
        } else {
            format!(", but {} is asked for", labels(asked.labels))
        };
        lines.push(format!(
            "{}{} is {}{differs}",
            asked.name,
            labels(&own),
            alert.state
        ));
    }
    let others: Vec<_> = others
        .iter()
        .map(|alert| format!("{} is {}", name(alert), alert.state))
        .collect();
    if alerts.is_empty() {
        lines.push("no alert is pending or firing".to_owned());
    } else if !others.is_empty() {
        lines.push(format!("other active alerts: {}", others.join("; ")));
    }
    lines
}

fn labels(labels: &BTreeMap<String, String>) -> String {
    let pairs = labels.iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_failure_names_the_rule_that_is_not_there_and_the_labels_that_differ() {
        let alert = |pairs: &[(&str, &str)]| Alert {
            labels: map(pairs),
            state: "firing".to_owned(),
            active_at: Timestamp::UNIX_EPOCH,
        };
        let rules = ["ServiceDown".to_owned(), "QueueTooOld".to_owned()];
        let worker = alert(&[
            ("alertname", "ServiceDown"),
            ("service", "worker"),
            ("team", "shop"),
        ]);
        let queue = alert(&[("alertname", "QueueTooOld")]);
        let asked_labels = map(&[("service", "order-api")]);
        for (name, alerts, expected) in [
            (
                "ServiceDown",
                vec![worker, queue.clone()],
                vec![
                    r#"ServiceDown{service="worker", team="shop"} is firing, but {service="order-api"} is asked for"#,
                    "other active alerts: QueueTooOld is firing",
                ],
            ),
            (
                "ServiceDwon",
                vec![queue],
                vec![
                    "there is no alerting rule `ServiceDwon`; did you mean `ServiceDown`?",
                    "other active alerts: QueueTooOld is firing",
                ],
            ),
            ("ServiceDown", vec![], vec!["no alert is pending or firing"]),
        ] {
            let asked = Asked {
                name,
                labels: &asked_labels,
                channel: None,
            };
            assert_eq!(explain_active(&asked, &alerts, &rules), expected, "{name}");
        }
    }

    #[test]
    fn a_group_of_unknown_size_satisfies_nothing() {
        let asked = Asked {
            name: "ServiceDown",
            labels: &map(&[("service", "a")]),
            channel: Some("slack"),
        };
        let comparison = Comparison::parse(">= 1").expect("a comparison");
        let none = Arrived {
            found: Vec::new(),
            unclear: 2,
        };
        let found = group(&asked, &none, &comparison);
        assert!(!found.met);
        let said = r#"no notification; 2 more about ServiceDown, but neither their group's labels nor a webhook's notification of the same group tell whether they are about {service="a"}"#;
        assert_eq!(found.seen, said);
    }
}
