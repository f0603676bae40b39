//! Alertmanager's API, version 2. Format: <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::ask::{QueryError, Server};

/// How long a test alert fires.
const TEST_LASTS: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

/// An Alertmanager.
#[derive(Debug, Clone)]
pub struct Alertmanager(Server);

/// An alert that it has been sent and that has not ended.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentAlert {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// When it began to fire.
    pub starts_at: Timestamp,
    /// What is done with it.
    pub status: Status,
}

/// Whether and why an alert is held back.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The alerts that explain it.
    pub inhibited_by: Vec<String>,
    /// The silences that cover it.
    pub silenced_by: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Silence {
    id: String,
    status: SilenceStatus,
}

#[derive(Debug, Deserialize)]
struct SilenceStatus {
    state: String,
}

impl Alertmanager {
    /// Returns the server at `base`, such as `http://127.0.0.1:9093`.
    pub fn new(base: impl Into<String>, client: reqwest::Client) -> Self {
        Self(Server {
            name: "alertmanager",
            base: base.into(),
            client,
        })
    }

    /// Returns the alerts with this name, those held back too.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn alerts(&self, name: &str) -> Result<Vec<SentAlert>, QueryError> {
        let filter = format!("alertname={name:?}");
        self.0.json("/api/v2/alerts", &[("filter", &filter)]).await
    }

    /// Sends an alert that ends by itself after some seconds and says that it is a test.
    ///
    /// # Errors
    /// The server does not take it.
    pub async fn send_test(&self, name: &str) -> Result<(), QueryError> {
        let ends = Timestamp::now().checked_add(TEST_LASTS).unwrap_or_default();
        let alert = json!([{
            "labels": {"alertname": name, "severity": "warning", "team": "platform"},
            "annotations": {"summary": "a test of the way that notifications take; nothing is wrong"},
            "endsAt": ends.to_string(),
        }]);
        self.0.post("/api/v2/alerts", &alert).await
    }

    /// Ends every silence.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn end_silences(&self) -> Result<(), QueryError> {
        let silences: Vec<Silence> = self.0.json("/api/v2/silences", &[]).await?;
        let lasting = silences
            .iter()
            .filter(|silence| silence.status.state != "expired");
        for Silence { id, .. } in lasting {
            self.0.delete(&format!("/api/v2/silence/{id}")).await?;
        }
        Ok(())
    }

    /// Returns whether the server takes alerts.
    pub async fn is_ready(&self) -> bool {
        self.0.is_ready("/-/ready").await
    }
}
