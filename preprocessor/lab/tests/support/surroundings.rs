//! A shop to check blocks against: compose files, a dashboard, a scenario.

use std::path::Path;

use obsbook_lab::block::Scenario;
use obsbook_lab::compose::ComposeModel;
use obsbook_lab::dashboard::Dashboard;
use obsbook_lab::span::SourceFile;
use obsbook_lab::surroundings::Surroundings;

pub(crate) const COMPOSE: &str = r#"
name: shop
services:
  order-api:
    profiles: [core, full]
    labels: { dev.obsbook.faults.port: "9902" }
  nginx:
    profiles: [core, full]
  kafka:
    profiles: [full]
  prometheus:
    labels: { dev.obsbook.source: prometheus }
  loki:
    labels: { dev.obsbook.source: loki }
  alertmanager:
    labels: { dev.obsbook.source: alertmanager }
  alert-inbox:
    labels: { dev.obsbook.source: alert-inbox }
  postgres:
    labels: { dev.obsbook.source: postgres }
  jaeger:
    profiles: [full]
    labels: { dev.obsbook.source: jaeger }
  toxiproxy:
    labels: { dev.obsbook.network: toxiproxy }
  traffic:
    labels: { dev.obsbook.load: locust }
"#;

const DASHBOARD: &str = r#"{"uid": "requests", "title": "Requests",
  "templating": {"list": [{"name": "service", "current": {"value": "order-api"}}]},
  "panels": [{"title": "Latency", "targets": [
    {"refId": "A", "datasource": {"type": "prometheus"}, "expr": "p95{service=\"$service\"}"},
    {"refId": "B", "datasource": {"type": "prometheus"}, "expr": "p99{service=\"$service\"}"}]},
   {"title": "Budget", "targets": [
    {"refId": "A", "datasource": {"type": "prometheus"}, "expr": "rate(x[$__rate_interval])"},
    {"refId": "B", "datasource": {"type": "prometheus"}, "expr": "rate(x[5m])"}]},
   {"title": "Rate", "targets": [{"refId": "A", "datasource": {"type": "prometheus"}, "expr": "rate(x[20s])"}]},
   {"title": "Rate", "targets": [{"refId": "A", "datasource": {"type": "prometheus"}, "expr": "rate(y[20s])"}]}]}"#;

const SCENARIO: &str = "title: Slow database\ninject:\n  - network: { from: order-api, to: postgres, latency: 300ms }\n";

/// Returns what the names in the tests' blocks are checked against.
pub(crate) fn surroundings() -> Surroundings {
    let model = ComposeModel::read(
        Path::new("compose.yaml"),
        &|_| Ok(COMPOSE.to_owned()),
        &|_| None,
    )
    .expect("a model");
    let mut around = Surroundings {
        model: Some(model),
        profile: "core".to_owned(),
        files: Some(["labs/broken.conf".into()].into()),
        ..Surroundings::default()
    };
    let dashboard = Dashboard::parse(DASHBOARD).expect("a dashboard");
    around.dashboards.insert(dashboard.uid.clone(), dashboard);
    let source = SourceFile::new("labs/scenarios/slow-database.yaml", SCENARIO);
    let (scenario, problems) = Scenario::decode(&source, &around);
    assert!(problems.is_empty(), "{problems:?}");
    let scenario = scenario.expect("a scenario");
    around.scenarios.insert(scenario.name.clone(), scenario);
    around
}
