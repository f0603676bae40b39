//! What answers a condition.

use std::collections::BTreeMap;
use std::fmt;

use super::alert::AlertExpectation;
use super::container::ContainerExpectation;
use super::http::HttpExpectation;
use super::logql::LogExpectation;
use super::panel::PanelProbe;
use super::promql::MetricExpectation;
use super::run::RunExpectation;
use super::trace::TraceSearch;
use crate::address::Address;
use crate::comparison::Comparison;
use crate::{logql, promql};

/// What answers a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// A query to Prometheus.
    Promql {
        /// The query.
        query: promql::Query,
        /// What is expected of its series.
        expectation: MetricExpectation,
    },
    /// A query to Loki.
    Logql {
        /// The query.
        query: logql::Query,
        /// What is expected of its lines or numbers.
        expectation: LogExpectation,
    },
    /// A search for traces.
    Trace {
        /// What a trace must have to be found.
        search: TraceSearch,
        /// How many are expected.
        count: Comparison,
    },
    /// The state of an alert, from its rule to the receiver of its notification.
    Alert {
        /// The alert's name.
        name: String,
        /// Labels that it must have.
        labels: BTreeMap<String, String>,
        /// The channel that a notification must have come through; any when absent.
        channel: Option<String>,
        /// What is expected.
        expectation: AlertExpectation,
    },
    /// The queries of a dashboard's panel.
    Panel(PanelProbe),
    /// A query to the sandbox's database that yields one number.
    Sql {
        /// The statement.
        query: String,
        /// The comparison.
        comparison: Comparison,
    },
    /// A request to a service.
    Http {
        /// Where to.
        address: Address,
        /// `GET` unless the block says otherwise.
        method: String,
        /// The request's body; sent as JSON.
        body: Option<String>,
        /// What is expected of the answer.
        expectation: HttpExpectation,
    },
    /// The state of a service's container, as the engine tells it.
    Container {
        /// The compose service.
        service: String,
        /// What is expected.
        expectation: ContainerExpectation,
    },
    /// A command in a service's container.
    Run {
        /// The compose service.
        service: String,
        /// The command, for a shell.
        command: String,
        /// What is expected of it.
        expectation: RunExpectation,
    },
}

/// How many of a query's series a comparison speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// The query must yield one series, and it must satisfy the comparison.
    One,
    /// At least one series satisfies it.
    Any,
    /// Every series satisfies it, and there is one.
    All,
}

impl fmt::Display for Quantifier {
    /// Writes the word before a comparison, with a space behind it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "",
            Self::Any => "any ",
            Self::All => "all ",
        })
    }
}

/// What a data source holds: a lab works without the sources of signals that it does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// Prometheus.
    Metrics,
    /// Loki.
    Logs,
    /// Jaeger.
    Traces,
    /// Alertmanager and the receiver of its notifications.
    Alerts,
    /// The sandbox's database.
    Database,
}

impl Signal {
    /// Returns the signal of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Metrics, Self::Logs, Self::Traces, Self::Alerts]
            .into_iter()
            .find(|signal| signal.to_string() == name)
    }

    /// Returns the signal that a data source of this kind holds.
    pub fn of_source(kind: &str) -> Option<Self> {
        let all = [
            Self::Metrics,
            Self::Logs,
            Self::Traces,
            Self::Alerts,
            Self::Database,
        ];
        all.into_iter()
            .find(|signal| signal.sources().contains(&kind))
    }

    /// Returns the kinds of data sources that hold it.
    pub fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Metrics => &["prometheus"],
            Self::Logs => &["loki"],
            Self::Traces => &["jaeger"],
            Self::Alerts => &["alertmanager", "alert-inbox"],
            Self::Database => &["postgres"],
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Metrics => "metrics",
            Self::Logs => "logs",
            Self::Traces => "traces",
            Self::Alerts => "alerts",
            Self::Database => "the database",
        })
    }
}

impl Probe {
    /// Returns the signals that the probe reads.
    pub fn signals(&self) -> Vec<Signal> {
        match self {
            Self::Promql { .. } => vec![Signal::Metrics],
            Self::Logql { .. } => vec![Signal::Logs],
            Self::Trace { .. } => vec![Signal::Traces],
            Self::Alert { expectation, .. } => expectation.signals(),
            Self::Panel(panel) => panel
                .queries
                .iter()
                .map(|(_, query)| query.signal())
                .collect(),
            Self::Sql { .. } => vec![Signal::Database],
            Self::Http { .. } | Self::Container { .. } | Self::Run { .. } => Vec::new(),
        }
    }

    /// Returns the longest range window of the queries that the block spells or names, if there is one.
    pub fn longest_window(&self) -> Option<std::time::Duration> {
        match self {
            Self::Promql { query, expectation } => match expectation {
                MetricExpectation::Stays { lasting, .. } => {
                    Some(query.longest_window.unwrap_or_default() + *lasting)
                }
                _ => query.longest_window,
            },
            Self::Logql { query, .. } => query.longest_window,
            Self::Panel(panel) => {
                let queries = panel.queries.iter();
                queries
                    .filter_map(|(_, query)| query.longest_window())
                    .max()
            }
            _ => None,
        }
    }
}
