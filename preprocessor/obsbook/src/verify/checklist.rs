//! The checklist: each item is looked at until it is as it should be, or its time is up.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{alerts, dashboards, logs, metrics, traces};
use crate::book::LoadedBook;
use crate::report::Finding;
use crate::stack::{Kind, Stack};

/// What has not arrived by then does not arrive by itself.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);

/// What was found, or what is missing and how to see more of it.
pub(super) type Looked = Result<String, Miss>;

/// An item that is not as it should be.
pub(super) struct Miss {
    pub(super) found: String,
    pub(super) help: Option<String>,
}

impl Miss {
    pub(super) fn new(found: impl std::fmt::Display) -> Self {
        Self {
            found: found.to_string(),
            help: None,
        }
    }

    pub(super) fn with_help(found: impl std::fmt::Display, help: impl Into<String>) -> Self {
        Self {
            found: found.to_string(),
            help: Some(help.into()),
        }
    }
}

/// Looks at every signal of a running stack. Signals that the stack's containers do not have are left out.
pub async fn checklist(stack: &Stack, book: &LoadedBook) -> Vec<Finding> {
    let containers = stack.containers().await.unwrap_or_default();
    let has = |kind: Kind| {
        containers
            .iter()
            .any(|container| container.service == stack.source_service(kind))
    };
    let mut findings = Vec::new();
    if !has(Kind::Prometheus) {
        return vec![Finding::bad(
            "verify",
            &"no stack runs, so there is nothing to verify",
            Some("obsbook up".to_owned()),
        )];
    }
    findings.push(until("scrapes", async || metrics::scrapes(stack).await).await);
    findings.push(until("rules", async || metrics::rules(stack).await).await);
    if has(Kind::Loki) {
        findings.push(until("logs", async || logs::arrive(stack).await).await);
    }
    if has(Kind::Jaeger) {
        findings.push(until("traces", async || traces::arrive(stack).await).await);
        findings.push(until("exemplars", async || traces::exemplars(stack).await).await);
    }
    if has(Kind::Jaeger) && has(Kind::Loki) {
        let subject = "logs to traces";
        findings.push(until(subject, async || traces::reach_logs(stack).await).await);
    }
    if has(Kind::Alertmanager) && has(Kind::AlertInbox) {
        findings.push(until("alertmanager", async || alerts::connected(stack).await).await);
        let test = alerts::TestAlert::new();
        findings.push(until("delivery", async || test.delivered(stack).await).await);
    }
    for dashboard in book.around.dashboards.values() {
        let readable = dashboards::sources(dashboard).into_iter().all(has);
        if readable {
            let subject = format!("dashboard {}", dashboard.uid);
            let look = async || dashboards::has_data(stack, dashboard).await;
            findings.push(until(&subject, look).await);
        }
    }
    findings
}

async fn until(subject: &str, look: impl AsyncFn() -> Looked) -> Finding {
    let started = Instant::now();
    loop {
        match look().await {
            Ok(found) => return Finding::fine(subject, found),
            Err(miss) if started.elapsed() > PATIENCE => {
                return Finding::bad(subject, &miss.found, miss.help);
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}
