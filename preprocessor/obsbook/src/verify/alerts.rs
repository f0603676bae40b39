//! Alerts: Prometheus knows its Alertmanager, and a notification reaches the receiver.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use super::checklist::{Looked, Miss};
use crate::stack::Stack;

pub(super) async fn connected(stack: &Stack) -> Looked {
    let prometheus = stack.prometheus().await.map_err(Miss::new)?;
    let query = "prometheus_notifications_alertmanagers_discovered";
    let found = prometheus.query(query).await.map_err(Miss::new)?;
    if found.first().is_none_or(|series| series.value < 1.0) {
        return Err(Miss::with_help(
            "prometheus knows no alertmanager",
            prometheus.link(query),
        ));
    }
    Ok("prometheus sends its alerts there".to_owned())
}

/// An alert that says that it is a test, sent once and followed to the receiver.
pub(super) struct TestAlert {
    from: Timestamp,
    sent: AtomicBool,
}

impl TestAlert {
    const NAME: &str = "ObsbookVerify";

    pub(super) fn new() -> Self {
        Self {
            from: Timestamp::now(),
            sent: AtomicBool::new(false),
        }
    }

    pub(super) async fn delivered(&self, stack: &Stack) -> Looked {
        if !self.sent.load(Ordering::Relaxed) {
            let alertmanager = stack.alertmanager().await.map_err(Miss::new)?;
            alertmanager
                .send_test(Self::NAME)
                .await
                .map_err(Miss::new)?;
            self.sent.store(true, Ordering::Relaxed);
        }
        let inbox = stack.alert_inbox().await.map_err(Miss::new)?;
        let arrived = inbox.since(self.from).await.map_err(Miss::new)?;
        let about = arrived.iter().find(|notification| {
            let alerts = notification.alerts.iter().flatten();
            alerts.into_iter().any(|alert| alert.name == Self::NAME)
        });
        let Some(notification) = about else {
            return Err(Miss::with_help(
                "a test alert does not reach the receiver",
                inbox.link(),
            ));
        };
        let after = notification
            .received_at
            .duration_since(self.from)
            .as_secs_f64();
        Ok(format!(
            "a test alert reached the receiver after {after:.1} s"
        ))
    }
}
