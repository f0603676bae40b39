//! The receiver of the sandbox's notifications, and the history that it keeps.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::ask::{QueryError, Server};

/// The receiver.
#[derive(Debug, Clone)]
pub struct AlertInbox(Server);

/// One notification.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Notification {
    /// When it arrived.
    pub received_at: Timestamp,
    /// The shape that it came in: `webhook`, `slack`, `pagerduty`.
    pub channel: String,
    /// `firing` or `resolved`.
    pub status: String,
    /// The labels that all of its alerts have and were put together by.
    #[serde(default)]
    pub group_labels: BTreeMap<String, String>,
    /// Its alerts, where its shape tells them apart.
    #[serde(default)]
    pub alerts: Option<Vec<NotifiedAlert>>,
    /// Its headline.
    #[serde(default)]
    pub title: String,
    /// Its text.
    #[serde(default)]
    pub text: String,
}

/// One alert of a notification.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NotifiedAlert {
    /// Its name.
    pub name: String,
    /// `firing` or `resolved`.
    pub status: String,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// When it began to fire.
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
}

impl Notification {
    /// Returns its alerts; none of one that is text.
    pub fn alerts(&self) -> &[NotifiedAlert] {
        self.alerts.as_deref().unwrap_or_default()
    }
}

impl AlertInbox {
    /// Returns the receiver at `base`, such as `http://127.0.0.1:9094`.
    pub fn new(base: impl Into<String>, client: reqwest::Client) -> Self {
        Self(Server {
            name: "alert-inbox",
            base: base.into(),
            client,
        })
    }

    /// Returns the address of its page.
    pub fn link(&self) -> String {
        format!("{}/", self.0.base)
    }

    /// Returns what arrived since `from`, the oldest first.
    ///
    /// # Errors
    /// The receiver does not answer.
    pub async fn since(&self, from: Timestamp) -> Result<Vec<Notification>, QueryError> {
        let from = from.to_string();
        self.0.json("/api/notifications", &[("since", &from)]).await
    }

    /// Returns whether the receiver takes notifications.
    pub async fn is_ready(&self) -> bool {
        self.0.is_ready("/healthz").await
    }
}
