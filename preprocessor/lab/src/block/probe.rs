//! The probes in the block's words: what is asked, of whom, and what is expected of the answer.

use std::fmt;

use super::condition::head;
use super::decode::Decoder;
use crate::address::Address;
use crate::comparison::Comparison;
use crate::promql::Query;
use crate::span::Spanned;
use crate::suggest;
use crate::yaml::Node;

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

pub(super) const PROBES: [&str; 3] = ["promql", "http", "container"];
pub(super) const PLANNED: [&str; 6] = ["logql", "trace", "alert", "sql", "panel", "run"];

impl fmt::Display for ContainerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = STATES.iter().find(|(_, state)| state == self);
        f.write_str(found.map_or("", |(word, _)| word))
    }
}

impl Decoder<'_> {
    /// Returns the probe that `word` names, with what `is` expects of it.
    pub(super) fn probe(&mut self, word: &str, subject: &Node, node: &Node) -> Option<Probe> {
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
}
