//! The probe `alert`: the rule in Prometheus, the alert in Alertmanager, the notification at the receiver.

use std::collections::BTreeMap;

use jiff::Timestamp;
use obsbook_lab::block::{AlertExpectation, AlertState};
use obsbook_lab::suggest;

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
    fn fits(&self, labels: &BTreeMap<String, String>) -> bool {
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
            let found = notifications(stack, asked, word, from).await?;
            let seen = match found.last() {
                Some(last) => format!(
                    "{} by {} at {}",
                    words(word),
                    last.channel,
                    last.received_at.strftime("%H:%M:%S%.3f")
                ),
                None => format!(
                    "not {}; in Prometheus it is {}",
                    words(word),
                    current(stack, asked).await
                ),
            };
            Ok(Observation::now(!found.is_empty(), seen))
        }
        AlertExpectation::Notifications(comparison) => {
            let found = notifications(stack, asked, "firing", from).await?;
            #[allow(clippy::cast_precision_loss)]
            let value = found.len() as f64;
            Ok(Observation::of(
                comparison.holds(value),
                value,
                format!("{value} notifications"),
            ))
        }
        AlertExpectation::Group(comparison) => {
            let found = notifications(stack, asked, "firing", from).await?;
            let sizes = found
                .iter()
                .filter_map(|notification| notification.alerts.as_ref().map(Vec::len));
            #[allow(clippy::cast_precision_loss)]
            let value = sizes.max().unwrap_or_default() as f64;
            Ok(Observation::of(
                comparison.holds(value),
                value,
                format!("a group of {value} alerts at most"),
            ))
        }
    }
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
    let hit = alerts.iter().find(|alert| {
        held(
            !alert.status.inhibited_by.is_empty(),
            !alert.status.silenced_by.is_empty(),
        )
    });
    let Some(hit) = hit else {
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

/// The notifications about the alert with this status that arrived from `from` on.
async fn notifications(
    stack: &Stack,
    asked: &Asked<'_>,
    status: &str,
    from: Timestamp,
) -> Result<Vec<Notification>, ProbeError> {
    let inbox = stack.alert_inbox().await?;
    let all = inbox.since(from).await;
    let all = all.map_err(|error| ProbeError::from_query(stack, Kind::AlertInbox, error))?;
    let about = |notification: &Notification| match &notification.alerts {
        Some(alerts) if !alerts.is_empty() => alerts.iter().any(|alert| {
            alert.name == asked.name
                && alert.status == status
                && asked.fits(&alert.labels)
                // A repetition of what fires since before is no news of this run.
                && (status != "firing" || alert.starts_at.is_none_or(|start| start >= from))
        }),
        _ => {
            notification.status == status
                && (notification.title.contains(asked.name)
                    || notification.text.contains(asked.name))
        }
    };
    let found = all.into_iter().filter(|notification| {
        notification.received_at >= from
            && asked
                .channel
                .is_none_or(|channel| channel == notification.channel)
            && about(notification)
    });
    Ok(found.collect())
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
pub(super) async fn explain(stack: &Stack, name: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Ok(prometheus) = stack.prometheus().await
        && let Ok(alerts) = prometheus.alerts().await
    {
        let others: Vec<_> = alerts
            .iter()
            .map(|alert| {
                format!(
                    "{} {:?} is {}",
                    alert.labels.get("alertname").map_or("", String::as_str),
                    alert.labels.get("service").map_or("", String::as_str),
                    alert.state
                )
            })
            .collect();
        lines.push(if others.is_empty() {
            "no alert is pending or firing".to_owned()
        } else {
            format!("active alerts: {}", others.join("; "))
        });
        let rule = format!("ALERTS{{alertname=\"{name}\"}}");
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
