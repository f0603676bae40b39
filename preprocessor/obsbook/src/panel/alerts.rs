//! The panel of alerts: what is wrong, since when, and who was told.

use obsbook_lab::block::PanelQuery;
use obsbook_lab::chart::{Chart, Outage, State, Tone, Unit, timeline};

use super::show::Window;
use super::view::{AlertView, NotificationView, PanelView};
use crate::probe::{ProbeError, curves};
use crate::stack::{Kind, Stack};

/// Each alert's state as a number; Prometheus keeps `ALERTS` of every rule that has found something.
const STATES: &str = "max by (alertname, service) (ALERTS{alertstate=\"firing\"} * 2 or ALERTS)";
/// As many as a reader looks through.
const NOTIFICATIONS: usize = 30;

pub(super) async fn now(
    stack: &Stack,
    window: Window,
    outages: &[Outage],
) -> Result<PanelView, ProbeError> {
    let away = |error| ProbeError::from_query(stack, Kind::Prometheus, error);
    let alerts = stack.prometheus().await?.alerts().await.map_err(away)?;
    let mut alerts: Vec<_> = alerts
        .into_iter()
        .map(|alert| {
            let mut labels = alert.labels;
            AlertView {
                name: labels.remove("alertname").unwrap_or_default(),
                state: alert.state,
                since: alert.active_at.as_millisecond(),
                labels,
            }
        })
        .collect();
    alerts.sort_by(|one, other| (&one.state, &one.name).cmp(&(&other.state, &other.name)));
    // Who has no receiver still has alerts.
    let notifications = match stack.alert_inbox().await {
        Ok(inbox) => inbox.since(window.from).await.unwrap_or_default(),
        Err(_) => Vec::new(),
    };
    let mut notifications: Vec<_> = notifications
        .into_iter()
        .map(|notification| NotificationView {
            at: notification.received_at.as_millisecond(),
            channel: notification.channel,
            status: notification.status,
            title: notification.title,
        })
        .collect();
    notifications.sort_by_key(|notification| std::cmp::Reverse(notification.at));
    notifications.truncate(NOTIFICATIONS);
    let history = history(stack, window, outages).await?;
    Ok(PanelView::Alerts {
        alerts,
        notifications,
        history,
    })
}

async fn history(
    stack: &Stack,
    window: Window,
    outages: &[Outage],
) -> Result<Option<String>, ProbeError> {
    let Ok(query) = PanelQuery::parse("prometheus", STATES) else {
        return Ok(None);
    };
    let curves = curves(stack, &query, window.from, window.now).await?;
    if curves.is_empty() {
        return Ok(None);
    }
    let state = |value: f64, words: &str, tone: Tone| State {
        value,
        words: words.to_owned(),
        tone,
    };
    let states = [
        state(1.0, "pending", Tone::Warn),
        state(2.0, "firing", Tone::Bad),
    ];
    let chart = Chart {
        title: "The alerts' states".to_owned(),
        description: "Which alert was pending or firing, and when.".to_owned(),
        unit: Unit::None,
        origin: window.now,
        origin_words: "seconds before now".to_owned(),
        window: Some((window.from, window.now)),
        curves,
        outages: outages.to_vec(),
        bounds: Vec::new(),
        marks: Vec::new(),
    };
    Ok(Some(timeline(&chart, &states)))
}
