use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Content, Look, PanelBlock, decode_panel};
use crate::block::schema;
use crate::dashboard::Dashboard;
use crate::diagnostic::Diagnostic;
use crate::markdown::fences;
use crate::span::SourceFile;
use crate::surroundings::Surroundings;

fn around() -> Surroundings {
    let json = r#"{"uid": "requests", "title": "Requests", "panels": [
        {"title": "Rate", "type": "timeseries", "fieldConfig": {"defaults": {"unit": "reqps"}}, "datasource": {"type": "prometheus"},
         "targets": [{"refId": "A", "expr": "sum(rate(x[1m]))", "legendFormat": "{{service}}"}]},
        {"title": "Up", "type": "state-timeline", "datasource": {"type": "prometheus"}, "targets": [{"refId": "A", "expr": "up"}],
         "fieldConfig": {"defaults": {"mappings": [{"type": "value", "options": {"0": {"text": "down", "color": "red"}}}]}}}]}"#;
    let dashboard = Dashboard::parse(json).expect("a dashboard");
    Surroundings {
        profile: "core".to_owned(),
        dashboards: BTreeMap::from([(dashboard.uid.clone(), dashboard)]),
        ..Surroundings::default()
    }
}

fn decoded(body: &str) -> (Option<PanelBlock>, Vec<Diagnostic>) {
    let text = format!("```panel\n{body}\n```\n");
    let source = SourceFile::new("src/a.md", text.as_str());
    decode_panel(&source, &fences(&text)[0], &around())
}

#[test]
fn a_panel_is_a_query_a_dashboards_panel_or_a_search() {
    let check = |body: &str, title: &str, look: Option<Look>| {
        let (panel, problems) = decoded(body);
        assert_eq!(problems, [], "{body}");
        let panel = panel.expect("a panel");
        let found = match panel.content {
            Content::Queries { look, .. } => Some(look),
            _ => None,
        };
        assert_eq!((panel.title.as_str(), found), (title, look), "{body}");
    };
    check("id: a\npromql: up", "up", Some(Look::TimeSeries));
    check(
        "id: a\npromql: up\nas: stat\ntitle: Up?\nunit: ratio\nrange: 1h",
        "Up?",
        Some(Look::Stat),
    );
    check(
        "id: a\nlogql: '{service=\"a\"}'",
        "{service=\"a\"}",
        Some(Look::Lines),
    );
    check(
        "id: a\nlogql: 'sum(rate({service=\"a\"}[1m]))'",
        "sum(rate({service=\"a\"}[1m]))",
        Some(Look::TimeSeries),
    );
    check(
        "id: a\ndashboard: requests\npanel: Up",
        "Up",
        Some(Look::Timeline),
    );
    check(
        "id: a\ntraces: { root: web-gateway, error: true }",
        "Traces of web-gateway with an error",
        None,
    );
    check("id: a\nalerts: true", "Alerts", None);
    check(
        "id: a\ndependencies: true",
        "Which service calls which",
        None,
    );
}

#[test]
fn what_a_panel_cannot_show_is_told_at_its_place() {
    let check = |body: &str, expected: &[(usize, usize, &str)]| {
        let (panel, problems) = decoded(body);
        assert_eq!(panel, None, "{body}");
        let found: Vec<_> = problems
            .iter()
            .map(|problem| {
                (
                    problem.start.line,
                    problem.start.column,
                    problem.message.as_str(),
                )
            })
            .collect();
        assert_eq!(found, expected, "{body}");
    };
    check("", &[(1, 1, "an empty panel block")]);
    check("promql: up", &[(1, 1, "this panel has no `id`")]);
    check("id: a", &[(1, 1, "this panel has nothing to show")]);
    check(
        "id: a\npromql: up\nalerts: true",
        &[(1, 1, "this panel has more than one thing to show")],
    );
    check(
        "id: a\npromql: sum(",
        &[(3, 9, "not a PromQL query: unclosed left parenthesis")],
    );
    check(
        "id: a\npromql: up\nas: pie",
        &[(4, 5, "unknown look `pie`")],
    );
    check(
        "id: a\npromql: up\nas: lines",
        &[(4, 5, "this query cannot be shown as `lines`")],
    );
    check(
        "id: a\nalerts: true\nas: stat",
        &[(4, 1, "`as` says nothing beside `alerts`")],
    );
    check(
        "id: a\nalerts: false",
        &[(3, 9, "`alerts: false` shows nothing")],
    );
    check(
        "id: a\ndashboard: request\npanel: Rate",
        &[(3, 12, "there is no dashboard `request`")],
    );
    check(
        "id: a\ndashboard: requests\npanel: Rates",
        &[(4, 8, "dashboard `requests` has no panel `Rates`")],
    );
    check(
        "id: A\npromql: up\nrange: 2d",
        &[
            (2, 5, "`A` cannot be an id"),
            (4, 8, "range is longer than an hour"),
        ],
    );
    check(
        "id: a\npromql: up\ncolour: red",
        &[(4, 1, "unknown key `colour` in the panel block")],
    );
}

#[test]
fn the_schema_takes_what_the_decoder_takes_and_knows_the_shape_alone() {
    let schema = jsonschema::draft202012::new(&schema::panel()).expect("a schema");
    let check = |block: &Json, by_schema: bool, by_decoder: bool| {
        assert_eq!(schema.is_valid(block), by_schema, "schema: {block}");
        // JSON is YAML.
        let (panel, _) = decoded(&block.to_string());
        assert_eq!(panel.is_some(), by_decoder, "decoder: {block}");
    };
    let both = |block: &Json, fine: bool| check(block, fine, fine);
    both(&json!({"id": "a", "promql": "up"}), true);
    both(
        &json!({"id": "a", "promql": "up", "as": "stat", "unit": "ratio", "range": "1h"}),
        true,
    );
    both(
        &json!({"id": "a", "dashboard": "requests", "panel": "Up"}),
        true,
    );
    let traces = |search: Json| json!({"id": "a", "traces": search});
    both(&traces(json!({"root": "web-gateway", "error": true})), true);
    both(&traces(json!({"error": true})), false);
    both(&json!({"id": "a", "alerts": true}), true);
    both(&json!({"promql": "up"}), false);
    both(&json!({"id": "a"}), false);
    both(&json!({"id": "A", "promql": "up"}), false);
    both(&json!({"id": "a", "promql": "up", "alerts": true}), false);
    both(&json!({"id": "a", "promql": "up", "as": "pie"}), false);
    both(&json!({"id": "a", "promql": "up", "colour": "red"}), false);
    both(&json!({"id": "a", "alerts": false}), false);
    // The book knows its dashboards, and a query says itself what is wrong with it.
    check(
        &json!({"id": "a", "dashboard": "b", "panel": "Up"}),
        true,
        false,
    );
    check(&json!({"id": "a", "promql": "sum("}), true, false);
}
