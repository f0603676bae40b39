//! `panel: { dashboard: requests, panel: Latency }`: what a provisioned dashboard would draw.

use std::collections::BTreeMap;
use std::time::Duration;

use super::kinds::{Probe, Quantifier, Signal};
use crate::block::decode::Decoder;
use crate::block::grammar::{Choice, Key, Keys, Value};
use crate::comparison::Comparison;
use crate::dashboard::{Dashboard, Panel};
use crate::span::{Span, Spanned};
use crate::suggest;
use crate::yaml::Node;
use crate::{logql, promql};

/// A panel's queries, compared with a number.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelProbe {
    /// The dashboard's uid.
    pub dashboard: String,
    /// The panel's title.
    pub panel: String,
    /// The queries by their letter, variables replaced.
    pub queries: Vec<(String, PanelQuery)>,
    /// How many of their series must satisfy the comparison.
    pub quantifier: Quantifier,
    /// The comparison.
    pub comparison: Comparison,
}

/// One query of a panel, of the data source that it asks.
#[derive(Debug, Clone, PartialEq)]
pub enum PanelQuery {
    /// Of Prometheus.
    Promql(promql::Query),
    /// Of Loki: its series, or the number of its lines.
    Logql(logql::Query),
}

pub(super) const KEYS: Keys<'static> = Keys {
    what: "`panel`",
    known: &[
        Key::needed("dashboard", Value::Text, "The dashboard's uid.").example("requests"),
        Key::needed("panel", Value::Text, "The panel's title.").example("Latency"),
        Key::optional(
            "query",
            Value::Text,
            "The letter of one query. Default: all queries of the panel.",
        )
        .example("A"),
        Key::optional(
            "variables",
            Value::Words,
            "Values of the dashboard's variables. Default: the dashboard's own.",
        ),
    ],
    planned: &[],
    choice: Choice::None,
};

impl PanelQuery {
    /// Returns the query of a data source of this kind.
    ///
    /// # Errors
    /// A lowercase fragment: the kind is none that a check can ask, or the query is not well formed.
    pub fn parse(source: &str, text: &str) -> Result<Self, String> {
        match source {
            "prometheus" => promql::Query::parse(text).map(Self::Promql),
            "loki" => logql::Query::parse(text).map(Self::Logql),
            other => Err(format!(
                "a panel of the data source `{other}` cannot be compared"
            )),
        }
    }

    /// Returns its longest range window, if it has one.
    pub(super) fn longest_window(&self) -> Option<Duration> {
        match self {
            Self::Promql(query) => query.longest_window,
            Self::Logql(query) => query.longest_window,
        }
    }

    /// Returns the signal that it reads.
    pub fn signal(&self) -> Signal {
        match self {
            Self::Promql(_) => Signal::Metrics,
            Self::Logql(_) => Signal::Logs,
        }
    }
}

impl<'a> Decoder<'a> {
    pub(super) fn panel(&mut self, subject: &Node, is: Option<Spanned<String>>) -> Option<Probe> {
        if !self.mapping(subject, &KEYS) {
            return None;
        }
        let named = |decoder: &mut Self, key: &str| match subject.get(key) {
            Some(node) => decoder.text(node, key),
            None => {
                decoder.report(
                    &subject.span,
                    format!("`panel` without `{key}`"),
                    "`panel: { dashboard: requests, panel: Latency }`",
                );
                None
            }
        };
        let uid = named(self, "dashboard");
        let title = named(self, "panel");
        let variables = match subject.get("variables") {
            Some(node) => self.words(node, "variables")?,
            None => BTreeMap::new(),
        };
        let (uid, title) = (uid?, title?);
        let (dashboard, panel) = self.dashboard_panel(&uid, &title, &variables, &subject.span)?;
        let letter = match subject.get("query") {
            Some(node) => Some(self.text(node, "query")?),
            None => None,
        };
        let wanted = panel.targets.iter().filter(|target| {
            letter
                .as_ref()
                .is_none_or(|letter| letter.value == target.id)
        });
        let parsed: Vec<_> = wanted
            .map(|target| {
                let query =
                    PanelQuery::parse(&target.source, &dashboard.expand(&target.query, &variables));
                query.map(|query| (target.id.clone(), query))
            })
            .collect();
        if let (true, Some(letter)) = (parsed.is_empty(), &letter) {
            let hint = suggest::hint(
                &letter.value,
                panel.targets.iter().map(|target| target.id.as_str()),
            );
            self.report(
                &letter.span,
                format!("panel `{}` has no query `{}`", title.value, letter.value),
                hint,
            );
            return None;
        }
        let queries = match parsed.into_iter().collect::<Result<Vec<_>, _>>() {
            Ok(queries) => queries,
            Err(reason) => {
                self.report(
                    &title.span,
                    reason,
                    "mend the dashboard, or name another panel or query",
                );
                return None;
            }
        };
        let is = is?;
        let (quantifier, comparison) = self.quantified(&is.value, &is)?;
        Some(Probe::Panel(PanelProbe {
            dashboard: uid.value,
            panel: title.value,
            queries,
            quantifier,
            comparison,
        }))
    }

    /// Returns the one panel of this title on the dashboard of this uid, whose variables are those of `variables`.
    pub(in crate::block) fn dashboard_panel(
        &mut self,
        uid: &Spanned<String>,
        title: &Spanned<String>,
        variables: &BTreeMap<String, String>,
        place: &Span,
    ) -> Option<(&'a Dashboard, &'a Panel)> {
        let around = self.around;
        let dashboards = &around.dashboards;
        let Some(dashboard) = dashboards.get(&uid.value) else {
            let hint = suggest::hint(&uid.value, dashboards.keys().map(String::as_str));
            self.report(
                &uid.span,
                format!("there is no dashboard `{}`", uid.value),
                hint,
            );
            return None;
        };
        let panel = match dashboard.titled(&title.value).as_slice() {
            [] => {
                let hint = suggest::hint(
                    &title.value,
                    dashboard.panels.iter().map(|panel| panel.title.as_str()),
                );
                self.report(
                    &title.span,
                    format!("dashboard `{}` has no panel `{}`", uid.value, title.value),
                    hint,
                );
                return None;
            }
            [panel] => *panel,
            several => {
                self.report(
                    &title.span,
                    format!(
                        "dashboard `{}` has {} panels `{}`",
                        uid.value,
                        several.len(),
                        title.value
                    ),
                    "give each of them a title of its own in the dashboard",
                );
                return None;
            }
        };
        if let Some(unknown) = variables
            .keys()
            .find(|name| !dashboard.variables.contains_key(*name))
        {
            let hint = suggest::hint(unknown, dashboard.variables.keys().map(String::as_str));
            self.report(
                place,
                format!("dashboard `{}` has no variable `{unknown}`", uid.value),
                hint,
            );
            return None;
        }
        Some((dashboard, panel))
    }
}
