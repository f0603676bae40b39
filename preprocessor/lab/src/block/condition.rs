//! What a lab asks of telemetry: one condition, with the probe that answers it.

use std::fmt;
use std::time::Duration;

use super::decode::Decoder;
use super::fault::Fault;
use super::grammar::{Choice, Key, Keys, Value};
use super::probe::{PROBES, Probe, probe_words};
use crate::duration;
use crate::span::Position;
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

/// The part of a lab that a condition stands in: what it may say, and how long it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Steady,
    Expect,
    After,
}

/// What every condition may say, whatever its probe.
const TERMS: [Key; 2] = [
    Key::needed("is", Value::Is, "What the answer is expected to be."),
    Key::optional(
        "within",
        Value::Duration,
        "How long it may take to become true.",
    )
    .example("20s"),
];

/// What an expectation may say as well.
const TERMS_OF_ALWAYS: [Key; 3] = [
    Key::optional(
        "always",
        Value::Flag,
        "Whether it must hold at every sample, from before the fault until all other expectations have ended; then with `for` and `disproved_by`, and without `within`. Default: false.",
    )
    .example("true"),
    Key::optional(
        "for",
        Value::Duration,
        "With `always`: how long it is watched at least, from the fault on.",
    )
    .example("10s")
    .with("always"),
    Key::optional(
        "disproved_by",
        Value::Fault,
        "With `always`: a fault under which `obsbook prove` sees it fail.",
    )
    .with("always"),
];

impl Section {
    /// Returns how long a condition is given that does not say so itself.
    pub(super) fn default_within(self) -> Duration {
        Duration::from_secs(match self {
            Self::Steady | Self::After => 60,
            Self::Expect => 30,
        })
    }

    /// Returns what a condition of this section may say besides its probe.
    pub(super) fn terms(self) -> Vec<Key> {
        match self {
            Self::Steady | Self::After => TERMS.to_vec(),
            Self::Expect => [&TERMS[..], &TERMS_OF_ALWAYS].concat(),
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Steady | Self::After => "a condition",
            Self::Expect => "an expectation",
        }
    }
}

impl Condition {
    /// Returns what is asked, without the bound: a query, a request, a container.
    pub fn subject(&self) -> String {
        self.probe.subject()
    }

    /// Returns what stands between the two: ` is`, a colon, or nothing where the bound begins with a verb.
    pub fn verb(&self) -> &'static str {
        self.probe.verb()
    }

    /// Returns the bound in the block's words: `< 0.25`, `any > 3`, `status == 200`, `healthy`.
    pub fn bound(&self) -> String {
        self.probe.bound()
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} {}", self.subject(), self.verb(), self.bound())
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
        let probes = PROBES.iter().map(|asked| asked.subject);
        let further = PROBES.iter().flat_map(|asked| asked.further).copied();
        let known: Vec<Key> = probes.chain(section.terms()).chain(further).collect();
        let keys = Keys {
            what: section.what(),
            known: &known,
            planned: &[],
            choice: Choice::None,
        };
        let before = self.diagnostics.len();
        if !self.mapping(node, &keys) {
            return None;
        }
        let asked = |key: &str| PROBES.iter().find(|asked| asked.subject.name == key);
        let named: Vec<_> = node
            .entries()
            .filter_map(|(key, subject)| Some((asked(key)?, subject)))
            .collect();
        let within = node
            .get("within")
            .map(|within| self.duration(within, "within"));
        let probe = match named.as_slice() {
            [(asked, subject)] => self.probe(asked, subject, node, section),
            [] => {
                // An unknown probe has been reported by its name already.
                if self.diagnostics.len() == before {
                    self.report(
                        &head(node),
                        "nothing is asked here",
                        format!("name a probe: {}", probe_words().join(", ")),
                    );
                }
                None
            }
            [_, (second, subject), ..] => {
                let second = second.subject.name;
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
        self.check_signals(&probe, node);
        let always = self.always(node)?;
        // What is watched has no moment at which it must have become true.
        if always.is_none() {
            self.check_window(&probe, within, node);
        }
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

    /// What a probe reads must be there in the lab's profile.
    fn check_signals(&mut self, probe: &Probe, node: &Node) {
        let around = self.around;
        let Some(model) = &around.model else { return };
        let place = node.key_span(probe.word()).unwrap_or_else(|| head(node));
        for kind in probe.signals().iter().flat_map(|signal| signal.sources()) {
            let Some(name) = model.source(kind) else {
                // Its usual name is enough.
                if !model.services.contains_key(*kind) {
                    let hint = format!(
                        "label the service that it is: `{}: {kind}`",
                        crate::compose::SOURCE_LABEL
                    );
                    self.report(
                        &place,
                        format!("this stack has no {kind} for `{}`", probe.word()),
                        hint,
                    );
                }
                continue;
            };
            if !self.check_service(name, &place) {
                return;
            }
        }
    }

    /// A window longer than the deadline still holds samples from before the change that it should show.
    fn check_window(&mut self, probe: &Probe, within: Duration, node: &Node) {
        let Some(window) = probe.longest_window().filter(|window| *window > within) else {
            return;
        };
        let span = node
            .get(probe.word())
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
pub(super) fn head(node: &Node) -> crate::span::Span {
    match &node.kind {
        crate::yaml::Kind::Mapping(entries) => entries
            .first()
            .map_or(node.span.clone(), |(key, _)| key.span.clone()),
        _ => node.span.clone(),
    }
}
