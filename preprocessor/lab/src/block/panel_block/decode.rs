//! How a fenced block becomes a panel.

use std::collections::BTreeMap;

use super::model::{Content, Look, PanelBlock, RANGE, content_of, queries};
use crate::block::decode::Decoder;
use crate::block::grammar::{Choice, Key, Keys, Value};
use crate::block::probe::{PanelQuery, TRACE_KEYS};
use crate::chart::Unit;
use crate::compose::ComposeModel;
use crate::diagnostic::Diagnostic;
use crate::logql;
use crate::markdown::Fence;
use crate::promql;
use crate::span::SourceFile;
use crate::suggest;
use crate::surroundings::Surroundings;
use crate::yaml::{self, Node};

const LOOKS: [&str; 6] = [
    "timeseries",
    "stat",
    "table",
    "timeline",
    "heatmap",
    "lines",
];
const UNITS: [&str; 5] = ["none", "seconds", "bytes", "ratio", "per-second"];

pub(in crate::block) const KEYS: Keys<'static> = Keys {
    what: "the panel block",
    known: &[
        Key::needed("id", Value::Id, "Unique in the whole book.").example("orders-now"),
        Key::optional(
            "title",
            Value::Text,
            "What it shows. Default: the title of the dashboard's panel, else what is asked.",
        ),
        Key::optional(
            "dashboard",
            Value::Text,
            "The uid of a provisioned dashboard.",
        )
        .example("requests"),
        Key::optional("panel", Value::Text, "The title of one of its panels.")
            .example("Latency")
            .with("dashboard"),
        Key::optional(
            "variables",
            Value::Words,
            "Values of the dashboard's variables. Default: the dashboard's own.",
        )
        .with("dashboard"),
        Key::optional("promql", Value::Text, "A query to Prometheus.").example("up"),
        Key::optional(
            "logql",
            Value::Text,
            "A query to Loki; one that yields lines is shown as a list of them.",
        )
        .example("{service=\"order-api\"}"),
        Key::optional(
            "traces",
            Value::Mapping(&TRACE_KEYS),
            "What traces must have to be shown, as in the probe `trace`.",
        ),
        Key::optional("alerts", Value::True, "The alerts and their notifications."),
        Key::optional("dependencies", Value::True, "Which service calls which."),
        Key::optional(
            "as",
            Value::OneOf(&LOOKS),
            "How numbers are drawn. Default: as curves.",
        ),
        Key::optional(
            "unit",
            Value::OneOf(&UNITS),
            "What numbers are of. Default: what the query's names tell.",
        ),
        Key::optional(
            "range",
            Value::Duration,
            "How far back it looks. Default: 5m.",
        )
        .example("5m"),
        Key::optional(
            "profile",
            Value::Text,
            "The profile that has what it asks for. Default: the book's.",
        ),
    ],
    planned: &[],
    choice: Choice::One(&SUBJECTS),
};

const SUBJECTS: [&str; 6] = [
    "dashboard",
    "promql",
    "logql",
    "traces",
    "alerts",
    "dependencies",
];

/// Returns the panel that `fence` spells, unless it has problems; the problems come with it.
///
/// `around` is what names are checked against.
pub fn decode_panel(
    source: &SourceFile,
    fence: &Fence,
    around: &Surroundings,
) -> (Option<PanelBlock>, Vec<Diagnostic>) {
    let mut decoder = Decoder::new(source, fence, around);
    if !fence.closed {
        decoder.report_block(
            "this panel block never ends",
            "close it with a line of the same marks",
        );
        return (None, decoder.diagnostics);
    }
    let panel = match yaml::parse(&fence.body) {
        Ok(root) if root.is_null() => {
            decoder.report_block(
                "an empty panel block",
                "a panel needs an `id` and what it shows, such as `promql`",
            );
            None
        }
        Ok(root) => decoder.panel_block(&root),
        Err(error) => {
            decoder.report(
                &error.span,
                error.message,
                "check indentation, and quote values that hold `: ` or begin with a mark",
            );
            None
        }
    };
    decoder
        .diagnostics
        .sort_by_key(|diagnostic| diagnostic.start);
    (
        panel.filter(|_| decoder.diagnostics.is_empty()),
        decoder.diagnostics,
    )
}

impl Decoder<'_> {
    fn panel_block(&mut self, root: &Node) -> Option<PanelBlock> {
        if !self.mapping(root, &KEYS) {
            return None;
        }
        let Some(id) = root.get("id") else {
            self.report_block("this panel has no `id`", "add a line `id: …`");
            return None;
        };
        let id = self.text(id, "id")?;
        self.check_id(&id);
        let profile = match root.get("profile") {
            None => self.around.profile.clone(),
            Some(node) => {
                let name = self.text(node, "profile")?;
                let known = self.around.model.as_ref().map(ComposeModel::profiles);
                if let Some(known) = known.filter(|known| !known.contains(name.value.as_str())) {
                    let hint = suggest::hint(&name.value, known);
                    self.report(
                        &name.span,
                        format!("unknown profile `{}`", name.value),
                        hint,
                    );
                }
                name.value
            }
        };
        let title = match root.get("title") {
            Some(node) => Some(self.text(node, "title")?.value),
            None => None,
        };
        let (content, usual_title) = self.content(root)?;
        Some(PanelBlock {
            title: title.unwrap_or(usual_title),
            content,
            range: match root.get("range") {
                Some(node) => self.duration(node, "range")?,
                None => RANGE,
            },
            profile,
            file: self.source.path.clone(),
            at: self.source.position(self.fence.opening.start),
            id_span: self.fence.locate(id.span.clone()),
            id: id.value,
        })
    }

    /// What is drawn, and what it is called unless its author says otherwise.
    fn content(&mut self, root: &Node) -> Option<(Content, String)> {
        let named: Vec<&str> = SUBJECTS
            .into_iter()
            .filter(|key| root.get(key).is_some())
            .collect();
        let [subject] = named.as_slice() else {
            let what = if named.is_empty() {
                "nothing to show"
            } else {
                "more than one thing to show"
            };
            let hint = format!("one of: {}", SUBJECTS.join(", "));
            self.report_block(format!("this panel has {what}"), hint);
            return None;
        };
        let node = root.get(subject)?;
        for (key, _) in root.entries() {
            let is_of_queries = matches!(key, "as" | "unit");
            let is_of_dashboard = matches!(key, "panel" | "variables");
            let asks = matches!(*subject, "dashboard" | "promql" | "logql");
            if (is_of_dashboard && *subject != "dashboard") || (is_of_queries && !asks) {
                let span = root.key_span(key).unwrap_or_else(|| root.span.clone());
                self.report(
                    &span,
                    format!("`{key}` says nothing beside `{subject}`"),
                    "remove it",
                );
            }
        }
        let (content, title) = match *subject {
            "dashboard" => self.of_dashboard(root, node)?,
            "promql" => {
                let text = self.text(node, "promql")?;
                match promql::Query::parse(&text.value) {
                    Ok(query) => (
                        queries(PanelQuery::Promql(query), Look::TimeSeries),
                        text.value,
                    ),
                    Err(reason) => {
                        self.report(
                            &text.span,
                            format!("not a PromQL query: {reason}"),
                            "try it on Prometheus' own page first",
                        );
                        return None;
                    }
                }
            }
            "logql" => {
                let text = self.text(node, "logql")?;
                match logql::Query::parse(&text.value) {
                    Ok(query) => {
                        let look = if query.is_metric {
                            Look::TimeSeries
                        } else {
                            Look::Lines
                        };
                        (queries(PanelQuery::Logql(query), look), text.value)
                    }
                    Err(reason) => {
                        self.report(
                            &text.span,
                            format!("not a LogQL query: {reason}"),
                            "try it in Grafana's Explore first",
                        );
                        return None;
                    }
                }
            }
            "traces" => {
                let search = self.trace_search(node)?;
                let title = format!("Traces {search}");
                (Content::Traces(search), title)
            }
            "alerts" => {
                self.only_true(node, "alerts");
                (Content::Alerts, "Alerts".to_owned())
            }
            _ => {
                self.only_true(node, "dependencies");
                (
                    Content::Dependencies,
                    "Which service calls which".to_owned(),
                )
            }
        };
        Some((self.looked_at(content, root)?, title))
    }

    fn only_true(&mut self, node: &Node, key: &str) {
        if self.flag(node, key) == Some(false) {
            self.report(
                &node.span,
                format!("`{key}: false` shows nothing"),
                format!("write `{key}: true`, or remove the block"),
            );
        }
    }

    fn looked_at(&mut self, content: Content, root: &Node) -> Option<Content> {
        let Content::Queries {
            queries,
            mut look,
            mut unit,
            states,
            levels,
        } = content
        else {
            return Some(content);
        };
        let lines = queries
            .iter()
            .any(|asked| matches!(&asked.query, PanelQuery::Logql(query) if !query.is_metric));
        if let Some(node) = root.get("as") {
            let word = self.text(node, "as")?;
            let found = Look::ALL.into_iter().find(|look| look.word() == word.value);
            let Some(found) = found else {
                let hint = suggest::hint(&word.value, LOOKS);
                self.report(&word.span, format!("unknown look `{}`", word.value), hint);
                return None;
            };
            if lines != (found == Look::Lines) {
                let hint = if lines {
                    "lines are shown as lines"
                } else {
                    "only a query that yields lines is shown so"
                };
                self.report(
                    &word.span,
                    format!("this query cannot be shown as `{}`", word.value),
                    hint,
                );
            }
            look = found;
        }
        if let Some(node) = root.get("unit") {
            let word = self.text(node, "unit")?;
            let Some(found) = Unit::of_word(&word.value) else {
                let hint = suggest::hint(&word.value, UNITS);
                self.report(&word.span, format!("unknown unit `{}`", word.value), hint);
                return None;
            };
            unit = found;
        }
        Some(Content::Queries {
            queries,
            look,
            unit,
            states,
            levels,
        })
    }

    fn of_dashboard(&mut self, root: &Node, node: &Node) -> Option<(Content, String)> {
        let uid = self.text(node, "dashboard")?;
        let Some(title) = root.get("panel") else {
            let hint = "name one of its panels: `panel: Latency`";
            self.report(&node.span, "`dashboard` without `panel`", hint);
            return None;
        };
        let title = self.text(title, "panel")?;
        let variables = match root.get("variables") {
            Some(node) => self.words(node, "variables")?,
            None => BTreeMap::new(),
        };
        let (dashboard, panel) = self.dashboard_panel(&uid, &title, &variables, &node.span)?;
        match content_of(dashboard, panel, &variables) {
            Ok(content) => Some((content, title.value)),
            Err(reason) => {
                self.report(
                    &title.span,
                    reason,
                    "mend the dashboard, or name another panel",
                );
                None
            }
        }
    }
}
