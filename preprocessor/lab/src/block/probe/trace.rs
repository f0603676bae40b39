//! `trace: { root: web-gateway, through: [order-api], longer_than: 700ms }`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::kinds::Probe;
use crate::block::condition::Section;
use crate::block::decode::Decoder;
use crate::block::grammar::{Choice, Form, Key, Keys, Value};
use crate::comparison::{Comparison, Operator};
use crate::duration;
use crate::span::Spanned;
use crate::yaml::Node;

/// What a trace must have to be found. What is not asked is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceSearch {
    /// The service of the root span.
    pub root: String,
    /// The name of the root span.
    pub operation: Option<String>,
    /// Services that have a span in it.
    pub through: Vec<String>,
    /// Services that have none.
    pub without: Vec<String>,
    /// Callers and callees: a span of the second service has a span of the first as its parent.
    pub calls: Vec<(String, String)>,
    /// The root span takes longer than this.
    pub longer_than: Option<Duration>,
    /// The root span takes less than this.
    pub shorter_than: Option<Duration>,
    /// Whether a span of it failed.
    pub error: Option<bool>,
    /// A span with this name is in it.
    pub span: Option<String>,
    /// Attributes of the span named by `span`, or else of any one span.
    pub attributes: BTreeMap<String, String>,
}

const COUNT: &str = "count";
pub(super) const FORMS: [Form; 1] = [Form::Counted(COUNT)];

const CALL: Keys<'static> = Keys {
    what: "a call",
    known: &[
        Key::needed("from", Value::Service, "The service that calls.").example("web-gateway"),
        Key::needed("to", Value::Service, "The service that is called.").example("order-api"),
    ],
    planned: &[],
    choice: Choice::None,
};

pub(in crate::block) const KEYS: Keys<'static> = Keys {
    what: "`trace`",
    known: &[
        Key::needed("root", Value::Service, "The service of the root span.").example("web-gateway"),
        Key::optional("operation", Value::Text, "The root span's name."),
        Key::optional(
            "through",
            Value::Services,
            "Services that have a span in it.",
        ),
        Key::optional(
            "without",
            Value::Services,
            "Services that have no span in it.",
        ),
        Key::optional(
            "calls",
            Value::Mappings(&CALL),
            "Callers and callees: a span of the second service has a span of the first as its parent.",
        ),
        Key::optional(
            "longer_than",
            Value::Duration,
            "The root span takes longer than this.",
        )
        .example("700ms"),
        Key::optional(
            "shorter_than",
            Value::Duration,
            "The root span takes less than this.",
        )
        .example("200ms"),
        Key::optional(
            "error",
            Value::Flag,
            "Whether a span of it failed. Default: either.",
        ),
        Key::optional("span", Value::Text, "The name of a span in it."),
        Key::optional(
            "attributes",
            Value::Words,
            "Attributes, as text, of the span named by `span`, else of any one span.",
        ),
    ],
    planned: &["links"],
    choice: Choice::None,
};

impl fmt::Display for TraceSearch {
    /// Writes the search as the end of "a trace": `of web-gateway through order-api, longer than 700ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "of {}", self.root)?;
        let mut parts = Vec::new();
        parts.extend(self.operation.iter().map(|name| format!("for {name}")));
        if !self.through.is_empty() {
            parts.push(format!("through {}", self.through.join(", ")));
        }
        if !self.without.is_empty() {
            parts.push(format!("without {}", self.without.join(", ")));
        }
        let calls = self.calls.iter();
        parts.extend(calls.map(|(from, to)| format!("{from} calling {to}")));
        parts.extend(
            self.longer_than
                .map(|time| format!("longer than {}", duration::words(time))),
        );
        parts.extend(
            self.shorter_than
                .map(|time| format!("shorter than {}", duration::words(time))),
        );
        parts.extend(self.error.map(|error| {
            if error {
                "with an error".to_owned()
            } else {
                "without an error".to_owned()
            }
        }));
        parts.extend(self.span.iter().map(|name| format!("with a span {name}")));
        parts.extend(
            self.attributes
                .iter()
                .map(|(key, value)| format!("{key}={value}")),
        );
        for (index, part) in parts.iter().enumerate() {
            write!(f, "{} {part}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl Decoder<'_> {
    pub(super) fn trace(
        &mut self,
        subject: &Node,
        is: Option<Spanned<String>>,
        section: Section,
    ) -> Option<Probe> {
        let search = self.trace_search(subject)?;
        let count = match is {
            None => Comparison {
                operator: Operator::GreaterOrEqual,
                bound: 1.0,
            },
            Some(is) => {
                let Some(rest) = is.value.strip_prefix(COUNT) else {
                    self.report(
                        &is.span,
                        format!("`{}` says nothing of traces", is.value),
                        "count them: \"count > 3\"; without `is`, one is enough",
                    );
                    return None;
                };
                let instead = "count what the fault brings: \"count > 3\"";
                self.count_from_zero(rest, &is, section, instead)?
            }
        };
        Some(Probe::Trace { search, count })
    }

    /// Returns what a trace must have to be found.
    pub(in crate::block) fn trace_search(&mut self, subject: &Node) -> Option<TraceSearch> {
        if !self.mapping(subject, &KEYS) {
            return None;
        }
        let Some(root) = subject.get("root") else {
            self.report(
                &subject.span,
                "`trace` names no root",
                "say which service a trace begins in: `root: web-gateway`",
            );
            return None;
        };
        let root = self.service(root);
        let word = |decoder: &mut Self, key: &str| {
            subject
                .get(key)
                .map(|node| decoder.text(node, key).map(|text| text.value))
        };
        let time = |decoder: &mut Self, key: &str| {
            subject.get(key).map(|node| decoder.duration(node, key))
        };
        let services = |decoder: &mut Self, key: &str| -> Vec<String> {
            let items = subject
                .get(key)
                .map(|node| decoder.list(node, key).to_vec())
                .unwrap_or_default();
            items
                .iter()
                .filter_map(|item| decoder.service(item))
                .collect()
        };
        let attributes = match subject.get("attributes") {
            Some(node) => self.words(node, "attributes")?,
            None => BTreeMap::new(),
        };
        let calls = match subject.get("calls") {
            Some(node) => self.calls(node)?,
            None => Vec::new(),
        };
        Some(TraceSearch {
            calls,
            operation: flat(word(self, "operation"))?,
            through: services(self, "through"),
            without: services(self, "without"),
            longer_than: flat(time(self, "longer_than"))?,
            shorter_than: flat(time(self, "shorter_than"))?,
            error: flat(subject.get("error").map(|node| self.flag(node, "error")))?,
            span: flat(word(self, "span"))?,
            attributes,
            root: root?,
        })
    }
}

impl Decoder<'_> {
    fn calls(&mut self, node: &Node) -> Option<Vec<(String, String)>> {
        let items = self.list(node, "calls").to_vec();
        let calls = items.iter().map(|item| {
            if !self.mapping(item, &CALL) {
                return None;
            }
            let (Some(from), Some(to)) = (item.get("from"), item.get("to")) else {
                let hint = "write `{ from: web-gateway, to: order-api }`";
                self.report(&item.span, "a call needs both its ends", hint);
                return None;
            };
            Some((self.service(from)?, self.service(to)?))
        });
        calls.collect()
    }
}

/// A key that is not there is fine; one that is there and wrong has been reported.
#[allow(clippy::option_option)]
fn flat<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(value) => Some(value),
    }
}
