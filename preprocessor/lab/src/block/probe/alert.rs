//! `alert: NAME`: from the rule in Prometheus over Alertmanager to the receiver.

use std::collections::BTreeMap;
use std::fmt;

use super::kinds::{Probe, Signal};
use crate::block::condition::Section;
use crate::block::decode::Decoder;
use crate::block::grammar::{Form, Key, Value};
use crate::comparison::Comparison;
use crate::span::Spanned;
use crate::suggest;
use crate::yaml::Node;

/// What is expected of an alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AlertExpectation {
    /// It is in this state.
    Is(AlertState),
    /// How many notifications of it, while it fires, reached the receiver since the run counts.
    Notifications(Comparison),
    /// How many alerts the largest notification held that it came in.
    Group(Comparison),
}

/// The states that people ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertState {
    /// Its rule finds nothing.
    Inactive,
    /// Its rule finds something, but not yet for long enough.
    Pending,
    /// Prometheus has sent it on.
    Firing,
    /// Alertmanager holds it back, because another alert explains it.
    Inhibited,
    /// Alertmanager holds it back, because somebody asked for silence.
    Silenced,
    /// A notification that it fires has reached the receiver.
    Delivered,
    /// A notification that it has ended has reached the receiver.
    Resolved,
}

const STATES: [(&str, AlertState); 7] = [
    ("inactive", AlertState::Inactive),
    ("pending", AlertState::Pending),
    ("firing", AlertState::Firing),
    ("inhibited", AlertState::Inhibited),
    ("silenced", AlertState::Silenced),
    ("delivered", AlertState::Delivered),
    ("resolved", AlertState::Resolved),
];

const NOTIFICATIONS: &str = "notifications";
const GROUP: &str = "group";

pub(super) const FORMS: [Form; 3] = [
    Form::Words(states),
    Form::Counted(NOTIFICATIONS),
    Form::Counted(GROUP),
];

pub(super) const FURTHER: [Key; 2] = [
    Key::optional(
        "labels",
        Value::Words,
        "Of `alert`: labels that it must have.",
    ),
    Key::optional(
        "channel",
        Value::Text,
        "Of `alert`: the channel that its notification must have come through. Default: any.",
    )
    .example("slack"),
];

fn states() -> Vec<&'static str> {
    STATES.iter().map(|(word, _)| *word).collect()
}

impl fmt::Display for AlertExpectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(state) => {
                let found = STATES.iter().find(|(_, known)| known == state);
                f.write_str(found.map_or("", |(word, _)| word))
            }
            Self::Notifications(comparison) => write!(f, "{NOTIFICATIONS} {comparison}"),
            Self::Group(comparison) => write!(f, "{GROUP} {comparison}"),
        }
    }
}

impl AlertExpectation {
    pub(super) fn signals(&self) -> Vec<Signal> {
        match self {
            Self::Is(AlertState::Inactive | AlertState::Pending | AlertState::Firing) => {
                vec![Signal::Metrics]
            }
            _ => vec![Signal::Metrics, Signal::Alerts],
        }
    }
}

impl Decoder<'_> {
    pub(super) fn alert(
        &mut self,
        subject: &Node,
        is: Option<Spanned<String>>,
        node: &Node,
        section: Section,
    ) -> Option<Probe> {
        let name = self.text(subject, "alert")?;
        let labels = match node.get("labels") {
            Some(labels) => self.words(labels, "labels")?,
            None => BTreeMap::new(),
        };
        let channel = match node.get("channel") {
            Some(channel) => Some(self.text(channel, "channel")?.value),
            None => None,
        };
        let is = is?;
        let instead = "count what must arrive: \"notifications >= 1\"";
        let expectation = if let Some(rest) = is.value.strip_prefix(NOTIFICATIONS) {
            AlertExpectation::Notifications(self.count_from_zero(rest, &is, section, instead)?)
        } else if let Some(rest) = is.value.strip_prefix(GROUP) {
            AlertExpectation::Group(self.count_from_zero(rest, &is, section, "\"group >= 2\"")?)
        } else if let Some((_, state)) = STATES.iter().find(|(word, _)| *word == is.value) {
            AlertExpectation::Is(*state)
        } else {
            let known = states()
                .into_iter()
                .chain(["notifications >= 1", "group >= 2"]);
            let message = format!("unknown state of an alert `{}`", is.value);
            self.report(&is.span, message, suggest::hint(&is.value, known));
            return None;
        };
        Some(Probe::Alert {
            name: name.value,
            labels,
            channel,
            expectation,
        })
    }
}
