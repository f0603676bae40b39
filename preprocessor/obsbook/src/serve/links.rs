//! Pages of the stack's own tools, where they exist: images that are built from packages lack some of them.

use obsbook_lab::address::Address;
use obsbook_lab::block::{Content, PanelBlock, PanelQuery};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::json;

use crate::stack::{Kind, Stack};

/// A page of a tool that shows the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    /// The tool.
    tool: &'static str,
    href: String,
}

/// The service of Grafana, whose page shows every data source.
const GRAFANA: &str = "grafana";

/// Returns the pages that show what `panel` asks for.
pub(super) async fn links(stack: &Stack, panel: &PanelBlock) -> Vec<Link> {
    let asked = panel.asked();
    let query = asked.first().map(String::as_str).unwrap_or_default();
    let (tool, kind, path) = match &panel.content {
        Content::Queries { queries, .. } => match queries.first().map(|drawn| &drawn.query) {
            Some(PanelQuery::Promql(_)) => (
                "Prometheus",
                Kind::Prometheus,
                format!("/query?g0.expr={}&g0.tab=graph", encoded(query)),
            ),
            _ => ("Loki", Kind::Loki, String::new()),
        },
        Content::Traces(search) => (
            "Jaeger",
            Kind::Jaeger,
            format!("/search?service={}&lookback=1h", encoded(&search.root)),
        ),
        Content::Dependencies => ("Jaeger", Kind::Jaeger, "/dependencies".to_owned()),
        Content::Alerts => ("Alertmanager", Kind::Alertmanager, "/#/alerts".to_owned()),
    };
    let service = stack.source_service(kind).to_owned();
    let mut found = Vec::new();
    // Loki has no page of its own.
    if kind != Kind::Loki
        && let Some(href) = page(stack, &service, &path).await
    {
        found.push(Link { tool, href });
    }
    if !query.is_empty() && stack.model().services.contains_key(GRAFANA) {
        let pane = json!({"a": {"datasource": kind.name(), "queries": [{"refId": "A", "expr": query}], "range": {"from": "now-15m", "to": "now"}}});
        let path = format!(
            "/explore?schemaVersion=1&panes={}",
            encoded(&pane.to_string())
        );
        if let Some(href) = page(stack, GRAFANA, &path).await {
            found.push(Link {
                tool: "Grafana",
                href,
            });
        }
    }
    found
}

/// Returns where the page is, if there is one.
async fn page(stack: &Stack, service: &str, path: &str) -> Option<String> {
    let address = Address {
        service: service.to_owned(),
        port: None,
        path: path.to_owned(),
    };
    let href = stack.url(&address).await.ok()?;
    let asked = stack
        .http()
        .get(&href)
        .timeout(std::time::Duration::from_secs(2))
        .send()
        .await
        .ok()?;
    let kind = asked
        .headers()
        .get("content-type")?
        .to_str()
        .ok()?
        .to_owned();
    let is_page = asked.status().is_success() && kind.starts_with("text/html");
    // A placeholder says that the page is missing, and runs nothing.
    let text = asked.text().await.ok()?;
    (is_page && text.contains("<script")).then_some(href)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
