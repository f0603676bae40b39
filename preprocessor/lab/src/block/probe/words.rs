//! Probes in the words of reports and cards.

use super::container::ContainerExpectation;
use super::http::HttpExpectation;
use super::kinds::Probe;
use super::logql::LogExpectation;

impl Probe {
    /// Returns the word that a block names the probe by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Promql { .. } => "promql",
            Self::Logql { .. } => "logql",
            Self::Trace { .. } => "trace",
            Self::Alert { .. } => "alert",
            Self::Panel(_) => "panel",
            Self::Sql { .. } => "sql",
            Self::Http { .. } => "http",
            Self::Container { .. } => "container",
            Self::Run { .. } => "run",
        }
    }

    /// Returns what is asked, without the bound: a query, a request, a container.
    pub fn subject(&self) -> String {
        match self {
            Self::Promql { query, .. } => one_line(&query.text),
            Self::Logql { query, .. } => one_line(&query.text),
            Self::Trace { search, .. } => format!("traces {search}"),
            Self::Alert {
                name,
                labels,
                channel,
                ..
            } => {
                let labels: Vec<_> = labels
                    .iter()
                    .map(|(name, value)| format!("{name}=\"{value}\""))
                    .collect();
                let labels = if labels.is_empty() {
                    String::new()
                } else {
                    format!("{{{}}}", labels.join(", "))
                };
                let channel = channel
                    .as_ref()
                    .map(|channel| format!(" by {channel}"))
                    .unwrap_or_default();
                format!("alert {name}{labels}{channel}")
            }
            Self::Panel(panel) => format!("panel {} / {}", panel.dashboard, panel.panel),
            Self::Sql { query, .. } => one_line(query),
            Self::Http {
                address, method, ..
            } => format!("{method} {address}"),
            Self::Container { service, .. } => format!("container {service}"),
            Self::Run {
                service, command, ..
            } => format!("`{}` in {service}", one_line(command)),
        }
    }

    /// Returns the bound in the block's words: `< 0.25`, `any > 3`, `status == 200`, `healthy`.
    pub fn bound(&self) -> String {
        match self {
            Self::Promql { expectation, .. } => expectation.to_string(),
            Self::Logql { expectation, .. } => match expectation {
                LogExpectation::Count(comparison) => format!("count {comparison}"),
                LogExpectation::Complete { field } => format!("complete by {field}"),
                LogExpectation::Value {
                    quantifier,
                    comparison,
                } => format!("{quantifier}{comparison}"),
            },
            Self::Trace { count, .. } => format!("count {count}"),
            Self::Alert { expectation, .. } => expectation.to_string(),
            Self::Panel(panel) => format!("{}{}", panel.quantifier, panel.comparison),
            Self::Sql { comparison, .. } => comparison.to_string(),
            Self::Http { expectation, .. } => match expectation {
                HttpExpectation::Status(comparison) => format!("status {comparison}"),
                HttpExpectation::Time(comparison) => format!("time {comparison} s"),
                HttpExpectation::BodyContains(text) => format!("body contains {text}"),
                HttpExpectation::Unreachable => "unreachable".to_owned(),
            },
            Self::Container { expectation, .. } => match expectation {
                ContainerExpectation::Is(state) => state.to_string(),
                ContainerExpectation::IsNot(state) => format!("not {state}"),
                ContainerExpectation::Restarts(comparison) => format!("restarts {comparison}"),
                ContainerExpectation::Memory(comparison) => format!("memory {comparison} MiB"),
            },
            Self::Run { expectation, .. } => expectation.to_string(),
        }
    }

    /// Returns what stands between subject and bound: a colon before what is counted or measured of the subject,
    /// nothing before a verb, else ` is`.
    pub(in crate::block) fn verb(&self) -> &'static str {
        let bound = self.bound();
        let begins = |words: &[&str]| words.iter().any(|word| bound.starts_with(word));
        if begins(&["increases", "stays", "exits", "prints"]) {
            ""
        } else if matches!(self, Self::Http { .. })
            || begins(&["restarts", "memory", "count", "notifications", "group"])
        {
            ":"
        } else {
            " is"
        }
    }
}

/// A query may be written over several lines; where it is named it stands on one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
