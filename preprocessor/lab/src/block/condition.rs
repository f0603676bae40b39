//! What a lab asks of telemetry: one condition, with the probe that answers it.

use std::fmt;
use std::time::Duration;

use super::decode::{Decoder, Keys};
use super::fault::Fault;
use crate::address::Address;
use crate::comparison::Comparison;
use crate::duration;
use crate::promql::Query;
use crate::span::{Position, Spanned};
use crate::suggest;
use crate::yaml::Node;

/// One statement that is true or false of the running stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What is asked.
    pub probe: Probe,
    /// How long it may take to become true.
    pub within: Duration,
    /// Set on an expectation that must hold at every sample.
    pub always: Option<Always>,
    /// Where it stands in its file.
    pub at: Position,
}

/// The terms of an expectation that must never be false.
#[derive(Debug, Clone, PartialEq)]
pub struct Always {
    /// The shortest time that it is watched for, from the injection.
    pub at_least: Duration,
    /// The fault under which it is seen to fail: it has no negative control of its own.
    pub disproved_by: Fault,
}

/// What answers a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// An instant query to Prometheus, compared with a number.
    Promql {
        /// The query.
        query: Query,
        /// How many of its series must satisfy the comparison.
        quantifier: Quantifier,
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

/// What is expected of an answer over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub enum HttpExpectation {
    /// The status code.
    Status(Comparison),
    /// The seconds until the whole answer was there.
    Time(Comparison),
    /// The body holds this text.
    BodyContains(String),
    /// No answer comes: refused, reset, or none within five seconds.
    Unreachable,
}

/// What is expected of a container.
#[derive(Debug, Clone, PartialEq)]
pub enum ContainerExpectation {
    /// It is in this state.
    Is(ContainerState),
    /// It is in any other state.
    IsNot(ContainerState),
    /// How often the restart policy brought it back since the steady state held.
    Restarts(Comparison),
}

/// The states that people ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs and its health check passes.
    Healthy,
    /// It runs and its health check fails.
    Unhealthy,
    /// It runs, whatever its health check says.
    Running,
    /// It is frozen.
    Paused,
    /// It waits for the restart policy.
    Restarting,
    /// It ended.
    Exited,
}

const STATES: [(&str, ContainerState); 6] = [
    ("healthy", ContainerState::Healthy),
    ("unhealthy", ContainerState::Unhealthy),
    ("running", ContainerState::Running),
    ("paused", ContainerState::Paused),
    ("restarting", ContainerState::Restarting),
    ("exited", ContainerState::Exited),
];

const PROBES: [&str; 3] = ["promql", "http", "container"];
const PLANNED: [&str; 6] = ["logql", "trace", "alert", "sql", "panel", "run"];

/// The part of a lab that a condition stands in: what it may say, and how long it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Steady,
    Expect,
    After,
}

impl Section {
    fn default_within(self) -> Duration {
        Duration::from_secs(match self {
            Self::Steady | Self::After => 60,
            Self::Expect => 30,
        })
    }
}

impl fmt::Display for ContainerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = STATES.iter().find(|(_, state)| state == self);
        f.write_str(found.map_or("", |(word, _)| word))
    }
}

impl Condition {
    /// Returns what is asked, without the bound: a query, a request, a container.
    pub fn subject(&self) -> String {
        match &self.probe {
            // A query may be written over several lines; where it is named it stands on one.
            Probe::Promql { query, .. } => {
                query.text.split_whitespace().collect::<Vec<_>>().join(" ")
            }
            Probe::Http {
                address, method, ..
            } => format!("{method} {address}"),
            Probe::Container { service, .. } => format!("container {service}"),
        }
    }

    /// Returns the bound in the block's words: `< 0.25`, `any > 3`, `status == 200`, `healthy`.
    pub fn bound(&self) -> String {
        match &self.probe {
            Probe::Promql {
                quantifier,
                comparison,
                ..
            } => match quantifier {
                Quantifier::One => comparison.to_string(),
                Quantifier::Any => format!("any {comparison}"),
                Quantifier::All => format!("all {comparison}"),
            },
            Probe::Http { expectation, .. } => match expectation {
                HttpExpectation::Status(comparison) => format!("status {comparison}"),
                HttpExpectation::Time(comparison) => format!("time {comparison} s"),
                HttpExpectation::BodyContains(text) => format!("body contains {text}"),
                HttpExpectation::Unreachable => "unreachable".to_owned(),
            },
            Probe::Container { expectation, .. } => match expectation {
                ContainerExpectation::Is(state) => state.to_string(),
                ContainerExpectation::IsNot(state) => format!("not {state}"),
                ContainerExpectation::Restarts(comparison) => format!("restarts {comparison}"),
            },
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = matches!(
            self.probe,
            Probe::Http { .. }
                | Probe::Container {
                    expectation: ContainerExpectation::Restarts(_),
                    ..
                }
        );
        let verb = if counted { ":" } else { " is" };
        write!(f, "{}{verb} {}", self.subject(), self.bound())
    }
}

impl Decoder<'_> {
    /// Returns the conditions of a section; those with problems are left out and reported.
    pub(super) fn conditions(
        &mut self,
        node: &Node,
        section: Section,
        what: &str,
    ) -> Vec<Condition> {
        let items = self.list(node, what).to_vec();
        items
            .iter()
            .filter_map(|item| self.condition(item, section))
            .collect()
    }

    fn condition(&mut self, node: &Node, section: Section) -> Option<Condition> {
        let keys = match section {
            Section::Expect => Keys {
                what: "an expectation",
                known: &[
                    "promql",
                    "http",
                    "container",
                    "is",
                    "within",
                    "always",
                    "for",
                    "disproved_by",
                    "method",
                    "body",
                ],
                planned: &["logql", "trace", "alert", "sql", "panel", "run"],
            },
            Section::Steady | Section::After => Keys {
                what: "a condition",
                known: &[
                    "promql",
                    "http",
                    "container",
                    "is",
                    "within",
                    "method",
                    "body",
                ],
                planned: &["logql", "trace", "alert", "sql", "panel", "run"],
            },
        };
        let before = self.diagnostics.len();
        if !self.mapping(node, &keys) {
            return None;
        }
        let named: Vec<_> = node
            .entries()
            .filter(|(key, _)| PROBES.contains(key))
            .collect();
        let planned = node.entries().any(|(key, _)| PLANNED.contains(&key));
        let within = node
            .get("within")
            .map(|within| self.duration(within, "within"));
        let probe = match named.as_slice() {
            [(word, subject)] => self.probe(word, subject, node),
            [] => {
                // An unknown or planned probe has been reported by its name already.
                if !planned && self.diagnostics.len() == before {
                    self.report(
                        &head(node),
                        "nothing is asked here",
                        format!("name a probe: {}", PROBES.join(", ")),
                    );
                }
                None
            }
            [_, (second, subject), ..] => {
                let message = format!("a second probe, `{second}`, in one condition");
                self.report(
                    &subject.span,
                    message,
                    "put each probe behind a `- ` of its own",
                );
                None
            }
        };
        let within = match within {
            Some(given) => given?,
            None => section.default_within(),
        };
        let probe = probe?;
        self.check_window(&probe, within, node);
        let always = self.always(node)?;
        let at = self
            .source
            .position(self.fence.locate(node.span.clone()).start);
        Some(Condition {
            probe,
            within,
            always,
            at,
        })
    }

    /// Returns the terms of `always: true`: outer `None` when they are wrong, inner when there are none.
    #[allow(clippy::option_option)]
    fn always(&mut self, node: &Node) -> Option<Option<Always>> {
        let asked = match node.get("always") {
            Some(flag) => self.flag(flag, "always")?,
            None => false,
        };
        if !asked {
            for key in ["for", "disproved_by"] {
                if let Some(value) = node.get(key) {
                    self.report(
                        &value.span,
                        format!("`{key}` goes with `always: true`"),
                        "add `always: true`, or remove it",
                    );
                    return None;
                }
            }
            return Some(None);
        }
        if let Some(within) = node.get("within") {
            self.report(
                &within.span,
                "`within` on an expectation that must always hold",
                "say how long to watch it with `for: 10s`",
            );
        }
        let at_least = match node.get("for") {
            Some(duration) => self.duration(duration, "for"),
            None => {
                self.report(
                    &head(node),
                    "`always: true` without `for`",
                    "say how long it is watched at least: `for: 10s`",
                );
                None
            }
        };
        let disproved_by = match node.get("disproved_by") {
            Some(fault) => self.fault(fault),
            None => {
                let hint = "name a fault that breaks it, such as `disproved_by: { kill: order-api }`: a check that cannot fail proves nothing";
                self.report(&head(node), "`always: true` without `disproved_by`", hint);
                None
            }
        };
        Some(Some(Always {
            at_least: at_least?,
            disproved_by: disproved_by?,
        }))
    }

    fn probe(&mut self, word: &str, subject: &Node, node: &Node) -> Option<Probe> {
        if word != "http" {
            for key in ["method", "body"] {
                if let Some(value) = node.get(key) {
                    self.report(
                        &value.span,
                        format!("`{key}` goes with `http`"),
                        "remove it",
                    );
                }
            }
        }
        let subject_text = self.text(subject, word)?;
        let is = match node.get("is") {
            Some(is) => self.text(is, "is"),
            None => {
                self.report(
                    &head(node),
                    format!("`{word}` without `is`"),
                    "say what is expected: `is: \"< 0.25\"`",
                );
                None
            }
        };
        match word {
            "promql" => self.promql(&subject_text, is),
            "http" => self.http(&subject_text, is, node),
            _ => self.container(subject, is),
        }
    }

    fn promql(&mut self, text: &Spanned<String>, is: Option<Spanned<String>>) -> Option<Probe> {
        let query = match Query::parse(&text.value) {
            Ok(query) => Some(query),
            Err(reason) => {
                self.report(
                    &text.span,
                    format!("not a PromQL query: {reason}"),
                    "try it on Prometheus' own page first",
                );
                None
            }
        };
        let is = is?;
        let (quantifier, rest) = match is.value.split_once(char::is_whitespace) {
            Some(("any", rest)) => (Quantifier::Any, rest),
            Some(("all", rest)) => (Quantifier::All, rest),
            _ => (Quantifier::One, is.value.as_str()),
        };
        let comparison = self.comparison(rest, &is)?;
        Some(Probe::Promql {
            query: query?,
            quantifier,
            comparison,
        })
    }

    fn comparison(&mut self, text: &str, whole: &Spanned<String>) -> Option<Comparison> {
        match Comparison::parse(text) {
            Ok(comparison) => Some(comparison),
            Err(error) => {
                self.report(&whole.span, error.message, error.hint);
                None
            }
        }
    }

    fn http(
        &mut self,
        text: &Spanned<String>,
        is: Option<Spanned<String>>,
        node: &Node,
    ) -> Option<Probe> {
        let address = match Address::parse(&text.value) {
            Ok(address) => self
                .check_service(&address.service, &text.span)
                .then_some(address),
            Err(error) => {
                self.report(&text.span, error.message, error.hint);
                None
            }
        };
        let method = match node.get("method") {
            Some(method) => {
                let method = self.text(method, "method")?;
                let upper = method.value.to_uppercase();
                if !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(&upper.as_str()) {
                    self.report(
                        &method.span,
                        format!("unknown method `{}`", method.value),
                        "one of: GET, HEAD, POST, PUT, PATCH, DELETE",
                    );
                    return None;
                }
                upper
            }
            None => "GET".to_owned(),
        };
        let body = match node.get("body") {
            Some(body) => Some(self.text(body, "body")?.value),
            None => None,
        };
        let is = is?;
        let expectation = self.http_expectation(&is)?;
        Some(Probe::Http {
            address: address?,
            method,
            body,
            expectation,
        })
    }

    fn http_expectation(&mut self, is: &Spanned<String>) -> Option<HttpExpectation> {
        let text = is.value.as_str();
        if text == "unreachable" {
            return Some(HttpExpectation::Unreachable);
        }
        if let Some(part) = text.strip_prefix("body contains ") {
            return Some(HttpExpectation::BodyContains(part.trim().to_owned()));
        }
        if let Some(rest) = text.strip_prefix("time ") {
            let rest = rest.trim().trim_end_matches('s');
            return self.comparison(rest, is).map(HttpExpectation::Time);
        }
        let status = text.strip_prefix("status").unwrap_or(text).trim();
        // A bare status code reads as "the status is 200".
        if status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit()) {
            return self
                .comparison(&format!("== {status}"), is)
                .map(HttpExpectation::Status);
        }
        match Comparison::parse(status) {
            Ok(comparison) => Some(HttpExpectation::Status(comparison)),
            Err(_) => {
                let hint = "one of: \"status == 200\", \"time < 0.5\", \"body contains fulfilled\", \"unreachable\"";
                self.report(
                    &is.span,
                    format!("`{text}` says nothing of an answer"),
                    hint,
                );
                None
            }
        }
    }

    fn container(&mut self, subject: &Node, is: Option<Spanned<String>>) -> Option<Probe> {
        let service = self.service(subject);
        let is = is?;
        let words = is.value.as_str();
        let expectation = if let Some(rest) = words.strip_prefix("restarts") {
            ContainerExpectation::Restarts(self.comparison(rest, &is)?)
        } else {
            let (negated, word) = match words.strip_prefix("not ") {
                Some(rest) => (true, rest.trim()),
                None => (false, words),
            };
            let Some((_, state)) = STATES.iter().find(|(name, _)| *name == word) else {
                let known = STATES
                    .iter()
                    .map(|(name, _)| *name)
                    .chain(["restarts >= 1"]);
                let message = if words.starts_with("memory") {
                    "`memory` of a container is not implemented in this version of obsbook"
                        .to_owned()
                } else {
                    format!("unknown container state `{word}`")
                };
                self.report(&is.span, message, suggest::hint(word, known));
                return None;
            };
            if negated {
                ContainerExpectation::IsNot(*state)
            } else {
                ContainerExpectation::Is(*state)
            }
        };
        Some(Probe::Container {
            service: service?,
            expectation,
        })
    }

    /// A window longer than the deadline still holds samples from before the change that it should show.
    fn check_window(&mut self, probe: &Probe, within: Duration, node: &Node) {
        let Probe::Promql { query, .. } = probe else {
            return;
        };
        let Some(window) = query.longest_window.filter(|window| *window > within) else {
            return;
        };
        let span = node
            .get("promql")
            .map_or(head(node), |query| query.span.clone());
        let message = format!(
            "a range window of {} is longer than the deadline of {}",
            duration::words(window),
            duration::words(within),
        );
        self.report(&span, message, "shorten the window, or give more time with `within`: samples from before the fault would decide");
    }
}

/// The start of a condition: its first key.
fn head(node: &Node) -> crate::span::Span {
    match &node.kind {
        crate::yaml::Kind::Mapping(entries) => entries
            .first()
            .map_or(node.span.clone(), |(key, _)| key.span.clone()),
        _ => node.span.clone(),
    }
}
