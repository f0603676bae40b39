//! Disturbances of the network between two services.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::block::decode::Decoder;
use crate::block::grammar::{Choice, Key, Keys, Value};
use crate::compose::NETWORK_LABEL;
use crate::duration;
use crate::yaml::Node;

use super::kinds::FaultKind;

/// How a network is disturbed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// What comes back is late.
    Latency {
        /// By this, in milliseconds.
        by_ms: u64,
        /// More or less by up to this, in milliseconds.
        jitter_ms: u64,
    },
    /// What comes back trickles.
    Bandwidth {
        /// Kilobytes a second.
        rate_kb: u64,
    },
    /// Nothing comes through, and after a while the connection is closed.
    Timeout {
        /// When, in milliseconds.
        after_ms: u64,
    },
    /// Each connection is reset as soon as something comes back.
    Reset,
    /// No connection can be made, and those that are there are closed.
    Down,
}

pub(in crate::block) const KEYS: Keys<'static> = Keys {
    what: "`network`",
    known: &[
        Key::needed(
            "from",
            Value::Service,
            "The service whose calls are disturbed.",
        )
        .example("order-api"),
        Key::needed("to", Value::Service, "The service that is called.").example("postgres"),
        Key::optional(
            "latency",
            Value::Duration,
            "What comes back is late, by this.",
        )
        .example("300ms"),
        Key::optional(
            "jitter",
            Value::Duration,
            "With `latency`: more or less by up to this. Default: none.",
        )
        .example("50ms")
        .with("latency"),
        Key::optional(
            "bandwidth",
            Value::Count,
            "What comes back trickles, at that many kB a second.",
        )
        .example("16"),
        Key::optional(
            "timeout",
            Value::Duration,
            "Nothing comes through, and after this time the connection is closed.",
        )
        .example("2s"),
        Key::optional(
            "reset",
            Value::True,
            "Each connection is reset as soon as something comes back.",
        )
        .example("true"),
        Key::optional("down", Value::True, "No connection can be made.").example("true"),
    ],
    planned: &[],
    choice: Choice::One(&HOW),
};
/// The ways to disturb a network, of which a fault takes one.
pub(in crate::block) const HOW: [&str; 5] = ["latency", "bandwidth", "timeout", "reset", "down"];
const EXAMPLE: &str = "`network: { from: order-api, to: postgres, latency: 300ms }`";

impl fmt::Display for Network {
    /// Writes the disturbance as the end of "the network …": `with 300ms of latency`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |ms: u64| duration::words(Duration::from_millis(ms));
        match self {
            Self::Latency {
                by_ms,
                jitter_ms: 0,
            } => write!(f, "slower by {}", words(*by_ms)),
            Self::Latency { by_ms, jitter_ms } => {
                write!(
                    f,
                    "slower by {}, give or take {}",
                    words(*by_ms),
                    words(*jitter_ms)
                )
            }
            Self::Bandwidth { rate_kb } => write!(f, "as narrow as {rate_kb} kB/s"),
            Self::Timeout { after_ms } => {
                write!(f, "silent, until it hangs up after {}", words(*after_ms))
            }
            Self::Reset => f.write_str("reset every connection"),
            Self::Down => f.write_str("unavailable"),
        }
    }
}

impl Decoder<'_> {
    /// Returns the calling service and the fault on its way to another.
    pub(super) fn network(&mut self, name: &Node, settings: &Node) -> Option<(String, FaultKind)> {
        if !self.mapping(settings, &KEYS) {
            return None;
        }
        if let Some(model) = &self.around.model
            && model.labelled(NETWORK_LABEL).is_none()
        {
            let hint =
                format!("label the toxiproxy of the compose files: `{NETWORK_LABEL}: toxiproxy`");
            self.report(
                &name.span,
                "this stack has no proxy between its services",
                hint,
            );
            return None;
        }
        let end = |decoder: &mut Self, key: &str| match settings.get(key) {
            Some(node) => decoder.service(node),
            None => {
                decoder.report(&name.span, format!("`network` without `{key}`"), EXAMPLE);
                None
            }
        };
        let from = end(self, "from");
        let to = end(self, "to");
        let given: Vec<_> = HOW
            .iter()
            .filter(|key| settings.get(key).is_some())
            .collect();
        let [how] = given.as_slice() else {
            let message = if given.is_empty() {
                "`network` does not say how"
            } else {
                "`network` in two ways at once"
            };
            self.report(&name.span, message, format!("one of: {}", HOW.join(", ")));
            return None;
        };
        let node = settings.get(how)?;
        let milliseconds =
            |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        if let Some(jitter) = settings.get("jitter").filter(|_| **how != "latency") {
            self.report(&jitter.span, "`jitter` goes with `latency`", "remove it");
        }
        let toxic = match **how {
            "latency" => Network::Latency {
                by_ms: milliseconds(self.duration(node, "latency")?),
                jitter_ms: match settings.get("jitter") {
                    Some(node) => milliseconds(self.duration(node, "jitter")?),
                    None => 0,
                },
            },
            "bandwidth" => Network::Bandwidth {
                rate_kb: self.count(node, "bandwidth")?,
            },
            "timeout" => Network::Timeout {
                after_ms: milliseconds(self.duration(node, "timeout")?),
            },
            word => {
                if !self.flag(node, word)? {
                    self.report(
                        &node.span,
                        format!("`{word}: false` breaks nothing"),
                        format!("write `{word}: true`, or remove it"),
                    );
                    return None;
                }
                if word == "reset" {
                    Network::Reset
                } else {
                    Network::Down
                }
            }
        };
        Some((from?, FaultKind::Network { to: to?, toxic }))
    }
}
