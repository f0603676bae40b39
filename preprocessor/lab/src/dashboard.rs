//! Provisioned Grafana dashboards: their panels, the queries behind them, and the variables in those.
//! Format: the JSON model that Grafana exports, <https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/>.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::chart::{Level, State, Tone};

/// The dashboards of a book, by uid.
pub type Dashboards = BTreeMap<String, Dashboard>;

/// One dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// Its unique name.
    pub uid: String,
    /// Its title.
    pub title: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its panels that ask something, those in rows too, in order.
    pub panels: Vec<Panel>,
    /// The values that its variables have at first.
    pub variables: BTreeMap<String, String>,
}

/// One panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Its title.
    pub title: String,
    /// Its type, as in `timeseries`.
    pub kind: String,
    /// The unit of its numbers, as Grafana names it; empty where it has none.
    pub unit: String,
    /// What its author says of it.
    pub description: String,
    /// What its values are called, where they are states.
    pub states: Vec<State>,
    /// Which of its values are fine, the lowest first.
    pub levels: Vec<Level>,
    /// Its queries.
    pub targets: Vec<Target>,
}

/// One query of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `A`, `B`, …
    pub id: String,
    /// The kind of data source: `prometheus`, `loki`, `jaeger`.
    pub source: String,
    /// The query, with its variables.
    pub query: String,
    /// What its series are called, with `{{label}}` in it; empty where nobody says so.
    pub legend: String,
}

/// What Grafana makes of its interval variables where a data source is scraped every five seconds: four scrapes.
const RATE_INTERVAL: &str = "20s";
/// The time range of a dashboard when it is first opened.
const RANGE: &str = "15m";

impl Dashboard {
    /// Returns the dashboard that `json` spells.
    ///
    /// # Errors
    /// A lowercase fragment: what keeps it from being one.
    pub fn parse(json: &str) -> Result<Self, String> {
        let raw: RawDashboard = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let mut panels = Vec::new();
        for panel in raw.panels {
            collect(panel, &mut panels);
        }
        let variables = raw
            .templating
            .list
            .into_iter()
            .map(|variable| (variable.name.clone(), variable.value()));
        Ok(Self {
            uid: raw.uid,
            title: raw.title,
            tags: raw.tags,
            panels,
            variables: variables.collect(),
        })
    }

    /// Returns the panels with this title: one, where the dashboard gives each a title of its own.
    pub fn titled(&self, title: &str) -> Vec<&Panel> {
        let panels = self.panels.iter();
        panels.filter(|panel| panel.title == title).collect()
    }

    /// Returns `query` with every variable replaced: by `chosen`, else by its first value.
    pub fn expand(&self, query: &str, chosen: &BTreeMap<String, String>) -> String {
        let fixed = [
            ("__rate_interval", RATE_INTERVAL),
            ("__interval", RATE_INTERVAL),
            ("__auto", RATE_INTERVAL),
            ("__range", RANGE),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut values: Vec<(String, String)> = fixed.into();
        values.extend(
            self.variables
                .iter()
                .map(|(name, value)| (name.clone(), chosen.get(name).unwrap_or(value).clone())),
        );
        // The longest names first: `$service_name` holds `$service`.
        values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        values
            .into_iter()
            .fold(query.to_owned(), |query, (name, value)| {
                let with_format = replace_formatted(&query, &name, &value);
                with_format
                    .replace(&format!("${{{name}}}"), &value)
                    .replace(&format!("${name}"), &value)
            })
    }
}

/// `${name:regex}` and its kin: the same value, since values here are single or a pattern already.
fn replace_formatted(query: &str, name: &str, value: &str) -> String {
    let open = format!("${{{name}:");
    let mut out = String::new();
    let mut rest = query;
    while let Some(start) = rest.find(&open) {
        let Some(end) = rest[start..].find('}') else {
            break;
        };
        out.push_str(&rest[..start]);
        out.push_str(value);
        rest = &rest[start + end + 1..];
    }
    out + rest
}

fn collect(panel: RawPanel, found: &mut Vec<Panel>) {
    let source = panel
        .datasource
        .map(|source| source.kind)
        .unwrap_or_default();
    let targets: Vec<_> = panel
        .targets
        .into_iter()
        .filter(|target| !target.hide)
        .filter_map(|target| {
            let own = target
                .datasource
                .map(|source| source.kind)
                .unwrap_or_default();
            Some(Target {
                id: target.ref_id,
                legend: target
                    .legend
                    .filter(|legend| legend != "__auto")
                    .unwrap_or_default(),
                source: if own.is_empty() { source.clone() } else { own },
                query: target
                    .expr
                    .or(target.query)
                    .filter(|query| !query.is_empty())?,
            })
        })
        .collect();
    if !targets.is_empty() {
        found.push(Panel {
            title: panel.title,
            kind: panel.kind,
            states: panel.field_config.defaults.states(),
            levels: panel.field_config.defaults.levels(),
            unit: panel.field_config.defaults.unit,
            description: panel.description,
            targets,
        });
    }
    for inner in panel.panels {
        collect(inner, found);
    }
}

#[derive(Deserialize)]
struct RawDashboard {
    uid: String,
    title: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    panels: Vec<RawPanel>,
    #[serde(default)]
    templating: RawTemplating,
}

#[derive(Deserialize, Default)]
struct RawTemplating {
    #[serde(default)]
    list: Vec<RawVariable>,
}

#[derive(Deserialize)]
struct RawVariable {
    name: String,
    #[serde(rename = "allValue", default)]
    all: Option<String>,
    #[serde(default)]
    current: RawCurrent,
    #[serde(default)]
    query: serde_json::Value,
}

#[derive(Deserialize, Default)]
struct RawCurrent {
    #[serde(default)]
    value: serde_json::Value,
}

impl RawVariable {
    fn value(&self) -> String {
        let current = match &self.current.value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Array(items) => items
                .iter()
                .filter_map(|item| item.as_str())
                .collect::<Vec<_>>()
                .join("|"),
            _ => String::new(),
        };
        if current == "$__all" || current.is_empty() {
            let constant = self
                .query
                .as_str()
                .filter(|query| !query.is_empty() && !query.contains('('));
            return self.all.clone().unwrap_or_else(|| match constant {
                Some(values) if current.is_empty() && !values.contains(',') => values.to_owned(),
                _ => ".+".to_owned(),
            });
        }
        current
    }
}

#[derive(Deserialize)]
struct RawPanel {
    #[serde(default)]
    title: String,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    description: String,
    #[serde(rename = "fieldConfig", default)]
    field_config: RawFields,
    #[serde(default)]
    datasource: Option<RawSource>,
    #[serde(default)]
    targets: Vec<RawTarget>,
    #[serde(default)]
    panels: Vec<RawPanel>,
}

#[derive(Deserialize, Default)]
struct RawFields {
    #[serde(default)]
    defaults: RawDefaults,
}

#[derive(Deserialize, Default)]
struct RawDefaults {
    #[serde(default)]
    unit: String,
    #[serde(default)]
    mappings: Vec<RawMapping>,
    #[serde(default)]
    thresholds: RawThresholds,
}

/// One of several kinds; `value` is the only one with a value for each text.
#[derive(Deserialize)]
struct RawMapping {
    #[serde(default)]
    options: serde_json::Value,
}

#[derive(Deserialize, Default)]
struct RawThresholds {
    #[serde(default)]
    steps: Vec<RawThreshold>,
}

#[derive(Deserialize)]
struct RawThreshold {
    value: Option<f64>,
    #[serde(default)]
    color: String,
}

impl RawDefaults {
    fn states(&self) -> Vec<State> {
        let options = self
            .mappings
            .iter()
            .filter_map(|mapping| mapping.options.as_object());
        let states = options.flatten().filter_map(|(value, state)| {
            Some(State {
                value: value.parse().ok()?,
                words: state.get("text")?.as_str()?.to_owned(),
                tone: Tone::of_grafana(
                    state
                        .get("color")
                        .and_then(|color| color.as_str())
                        .unwrap_or_default(),
                ),
            })
        });
        states.collect()
    }

    fn levels(&self) -> Vec<Level> {
        let steps = self.thresholds.steps.iter().map(|step| Level {
            // Grafana writes nothing for the lowest.
            from: step.value.unwrap_or(f64::NEG_INFINITY),
            tone: Tone::of_grafana(&step.color),
        });
        steps.collect()
    }
}

#[derive(Deserialize)]
struct RawSource {
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct RawTarget {
    #[serde(rename = "refId", default)]
    ref_id: String,
    #[serde(default)]
    expr: Option<String>,
    #[serde(default)]
    query: Option<String>,
    #[serde(rename = "legendFormat", default)]
    legend: Option<String>,
    #[serde(default)]
    datasource: Option<RawSource>,
    #[serde(default)]
    hide: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"uid": "requests", "title": "Requests", "templating": {"list": [
        {"name": "service", "current": {"value": "$__all"}, "allValue": ".*"},
        {"name": "service_name", "current": {"value": "order-api"}}]},
      "panels": [
        {"title": "Rate", "datasource": {"type": "prometheus", "uid": "prometheus"}, "targets": [{"refId": "A", "expr": "sum(rate(x{service=~\"$service\"}[$__rate_interval]))"}]},
        {"title": "Words", "targets": []},
        {"title": "Row", "panels": [{"title": "Lines", "targets": [{"refId": "A", "expr": "{service=\"${service_name:regex}\"}", "datasource": {"type": "loki"}}, {"refId": "B", "expr": "x", "hide": true}]}]}]}"#;

    #[test]
    fn panels_in_rows_are_found_and_variables_have_values() {
        let dashboard = Dashboard::parse(JSON).expect("a dashboard");
        let titles: Vec<_> = dashboard
            .panels
            .iter()
            .map(|panel| panel.title.as_str())
            .collect();
        assert_eq!(titles, ["Rate", "Lines"]);
        let lines = dashboard.titled("Lines")[0];
        assert_eq!(
            (lines.targets.len(), lines.targets[0].source.as_str()),
            (1, "loki")
        );
        let check = |index: usize, chosen: &[(&str, &str)], expected: &str| {
            let chosen = chosen
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(
                dashboard.expand(&dashboard.panels[index].targets[0].query, &chosen),
                expected
            );
        };
        check(0, &[], r#"sum(rate(x{service=~".*"}[20s]))"#);
        check(
            0,
            &[("service", "nginx")],
            r#"sum(rate(x{service=~"nginx"}[20s]))"#,
        );
        check(1, &[], r#"{service="order-api"}"#);
    }

    #[test]
    fn what_is_no_dashboard_is_refused() {
        for text in ["", "[]", "{\"title\": \"no uid\"}"] {
            assert!(Dashboard::parse(text).is_err(), "{text}");
        }
    }
}
