//! The data sources of a stack: which service is which, and where it answers.

use obsbook_lab::address::Address;

use super::handle::Stack;
use crate::probe::{AlertInbox, Alertmanager, Jaeger, Loki, Prometheus};

/// The kinds of data sources, as the label `dev.obsbook.source` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Metrics and the state of alerting rules.
    Prometheus,
    /// Logs.
    Loki,
    /// Traces.
    Jaeger,
    /// Alerts on their way.
    Alertmanager,
    /// Notifications that arrived.
    AlertInbox,
    /// The sandbox's database.
    Postgres,
}

impl Kind {
    /// Every kind, those that others rest on first.
    pub const ALL: [Self; 6] = [
        Self::Prometheus,
        Self::Loki,
        Self::Jaeger,
        Self::Alertmanager,
        Self::AlertInbox,
        Self::Postgres,
    ];

    /// Returns the label's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Loki => "loki",
            Self::Jaeger => "jaeger",
            Self::Alertmanager => "alertmanager",
            Self::AlertInbox => "alert-inbox",
            Self::Postgres => "postgres",
        }
    }
}

/// Why a data source cannot be asked.
#[derive(Debug, thiserror::Error)]
#[error("{service} does not answer: {reason}")]
pub struct SourceProblem {
    /// The service.
    pub service: String,
    /// The reason.
    pub reason: String,
}

impl Stack {
    /// Returns the service that is the data source of this kind, by its label, else by its usual name.
    pub fn source_service(&self, kind: Kind) -> &str {
        self.model().source(kind.name()).unwrap_or(kind.name())
    }

    /// Returns the Prometheus of this stack.
    ///
    /// # Errors
    /// It has none, or none that runs.
    pub async fn prometheus(&self) -> Result<Prometheus, SourceProblem> {
        Ok(Prometheus::new(
            self.source_url(Kind::Prometheus).await?,
            self.http().clone(),
        ))
    }

    /// Returns the Loki of this stack.
    ///
    /// # Errors
    /// As [`Stack::prometheus`].
    pub async fn loki(&self) -> Result<Loki, SourceProblem> {
        Ok(Loki::new(
            self.source_url(Kind::Loki).await?,
            self.http().clone(),
        ))
    }

    /// Returns the Jaeger of this stack.
    ///
    /// # Errors
    /// As [`Stack::prometheus`].
    pub async fn jaeger(&self) -> Result<Jaeger, SourceProblem> {
        Ok(Jaeger::new(
            self.source_url(Kind::Jaeger).await?,
            self.http().clone(),
        ))
    }

    /// Returns the Alertmanager of this stack.
    ///
    /// # Errors
    /// As [`Stack::prometheus`].
    pub async fn alertmanager(&self) -> Result<Alertmanager, SourceProblem> {
        Ok(Alertmanager::new(
            self.source_url(Kind::Alertmanager).await?,
            self.http().clone(),
        ))
    }

    /// Returns the receiver of this stack's notifications.
    ///
    /// # Errors
    /// As [`Stack::prometheus`].
    pub async fn alert_inbox(&self) -> Result<AlertInbox, SourceProblem> {
        Ok(AlertInbox::new(
            self.source_url(Kind::AlertInbox).await?,
            self.http().clone(),
        ))
    }

    /// Returns whether the data source of this kind answers, and why not.
    ///
    /// # Errors
    /// The reason.
    pub async fn source_ready(&self, kind: Kind) -> Result<(), SourceProblem> {
        let ready = match kind {
            Kind::Prometheus => self.prometheus().await?.is_ready().await,
            Kind::Loki => self.loki().await?.is_ready().await,
            Kind::Jaeger => self.jaeger().await?.is_ready().await,
            Kind::Alertmanager => self.alertmanager().await?.is_ready().await,
            Kind::AlertInbox => self.alert_inbox().await?.is_ready().await,
            // Its health check asks it already.
            Kind::Postgres => true,
        };
        if ready {
            return Ok(());
        }
        Err(SourceProblem {
            service: self.source_service(kind).to_owned(),
            reason: "it is not ready to answer queries".to_owned(),
        })
    }

    async fn source_url(&self, kind: Kind) -> Result<String, SourceProblem> {
        let service = self.source_service(kind).to_owned();
        let address = Address {
            service: service.clone(),
            port: None,
            path: String::new(),
        };
        let url = self.url(&address).await;
        url.map_err(|problem| SourceProblem {
            service,
            reason: problem.to_string(),
        })
    }
}
