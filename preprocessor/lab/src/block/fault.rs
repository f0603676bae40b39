//! What a lab breaks, in the block's words.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::decode::{Decoder, Keys};
use crate::duration;
use crate::suggest;
use crate::yaml::{Kind, Node};

/// A fault on one service; undone automatically.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The compose service that is broken.
    pub service: String,
    /// How.
    #[serde(flatten)]
    pub kind: FaultKind,
}

/// How a service is broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// Each unit of work waits before it begins; the service does so itself.
    Latency {
        /// How long, in milliseconds.
        by_ms: u64,
        /// The share of the work that waits, above 0 and up to 1.
        ratio: f64,
    },
    /// A share of the work fails; the service does so itself.
    Error {
        /// The share that fails, above 0 and up to 1.
        ratio: f64,
    },
    /// The service holds memory that it does not need.
    Memory {
        /// How much, in MiB.
        mib: u64,
    },
    /// The process dies by itself; the restart policy brings it back.
    Crash,
    /// The engine kills the container; it stays down until undone.
    Kill,
    /// The engine stops the container; it stays down until undone.
    Stop,
    /// The engine freezes the container; it stays frozen until undone.
    Pause,
    /// The engine restarts the container.
    Restart,
}

/// Every fault that a block may name.
const FAULTS: [&str; 8] = [
    "latency", "error", "memory", "crash", "kill", "stop", "pause", "restart",
];
/// Faults of DESIGN that later versions bring.
const PLANNED: [&str; 5] = ["network", "load", "config", "limits", "edit"];

impl FaultKind {
    /// Returns the word that a block names the fault by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Error { .. } => "error",
            Self::Memory { .. } => "memory",
            Self::Crash => "crash",
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Pause => "pause",
            Self::Restart => "restart",
        }
    }

    /// Returns whether the service carries the fault itself, through its fault API.
    pub fn needs_fault_api(&self) -> bool {
        matches!(
            self,
            Self::Latency { .. } | Self::Error { .. } | Self::Memory { .. } | Self::Crash
        )
    }
}

impl fmt::Display for Fault {
    /// Writes the fault as a sentence's predicate: `delay order-api by 800ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let service = &self.service;
        let share = |ratio: f64| format!("{} % of", ratio * 100.0);
        match &self.kind {
            FaultKind::Latency { by_ms, ratio } => {
                let by = duration::words(Duration::from_millis(*by_ms));
                if *ratio < 1.0 {
                    write!(f, "delay {} the work of {service} by {by}", share(*ratio))
                } else {
                    write!(f, "delay all work of {service} by {by}")
                }
            }
            FaultKind::Error { ratio } => write!(f, "fail {} the work of {service}", share(*ratio)),
            FaultKind::Memory { mib } => write!(f, "make {service} hold {mib} MiB more"),
            FaultKind::Crash => write!(f, "crash the process of {service}"),
            FaultKind::Kill => write!(f, "kill {service}"),
            FaultKind::Stop => write!(f, "stop {service}"),
            FaultKind::Pause => write!(f, "pause {service}"),
            FaultKind::Restart => write!(f, "restart {service}"),
        }
    }
}

impl Decoder<'_> {
    /// Returns the fault that an item of `inject`, or a `disproved_by`, spells.
    pub(super) fn fault(&mut self, node: &Node) -> Option<Fault> {
        let Kind::Mapping(entries) = &node.kind else {
            let hint = "name the fault and its service, such as `kill: { service: order-api }`";
            self.report(
                &node.span,
                format!(
                    "a fault is {}, not a name with its settings",
                    node.describe()
                ),
                hint,
            );
            return None;
        };
        let [(name, settings)] = entries.as_slice() else {
            self.report(
                &node.span,
                "one fault an item",
                "put each fault behind a `- ` of its own",
            );
            return None;
        };
        let word = name.text().unwrap_or_default();
        if PLANNED.contains(&word) {
            let message = format!("fault `{word}` is not implemented in this version of obsbook");
            self.report(
                &name.span,
                message,
                format!("one of: {}", FAULTS.join(", ")),
            );
            return None;
        }
        if !FAULTS.contains(&word) {
            self.report(
                &name.span,
                format!("unknown fault `{word}`"),
                suggest::hint(word, FAULTS),
            );
            return None;
        }
        let (service, kind) = self.fault_settings(word, name, settings)?;
        if kind.needs_fault_api() && !self.has_fault_api(&service) {
            let message =
                format!("service `{service}` has no fault API, so it cannot carry `{word}`");
            let able = self.services_with_fault_api().join(", ");
            let hint = format!(
                "services that can: {able}; or break it from outside: kill, stop, pause, restart"
            );
            self.report(&settings.span, message, hint);
            return None;
        }
        Some(Fault { service, kind })
    }

    fn fault_settings(
        &mut self,
        word: &str,
        name: &Node,
        settings: &Node,
    ) -> Option<(String, FaultKind)> {
        // `kill: order-api` says all there is to say.
        if settings.text().is_some() && !matches!(word, "latency" | "error" | "memory") {
            let service = self.service(settings)?;
            return Some((service, simple(word)));
        }
        let keys = match word {
            "latency" => Keys {
                what: "`latency`",
                known: &["service", "by", "ratio"],
                planned: &["jitter", "route"],
            },
            "error" => Keys {
                what: "`error`",
                known: &["service", "ratio"],
                planned: &["route"],
            },
            "memory" => Keys {
                what: "`memory`",
                known: &["service", "mib"],
                planned: &[],
            },
            _ => Keys {
                what: "the fault",
                known: &["service"],
                planned: &[],
            },
        };
        if !self.mapping(settings, &keys) {
            return None;
        }
        let Some(service) = settings.get("service") else {
            self.report(
                &name.span,
                format!("`{word}` names no service"),
                format!("`{word}: {{ service: order-api }}`"),
            );
            return None;
        };
        let service = self.service(service);
        let ratio = match settings.get("ratio") {
            Some(node) => self.share(node, "ratio"),
            None => Some(1.0),
        };
        let kind = match word {
            "latency" => {
                let Some(by) = settings.get("by") else {
                    self.report(
                        &name.span,
                        "`latency` does not say by how much",
                        "add `by: 800ms`",
                    );
                    return None;
                };
                let by = self.duration(by, "by")?;
                FaultKind::Latency {
                    by_ms: u64::try_from(by.as_millis()).unwrap_or(u64::MAX),
                    ratio: ratio?,
                }
            }
            "error" => FaultKind::Error { ratio: ratio? },
            "memory" => {
                let Some(mib) = settings.get("mib") else {
                    self.report(
                        &name.span,
                        "`memory` does not say how much",
                        "add `mib: 32`",
                    );
                    return None;
                };
                FaultKind::Memory {
                    mib: self.count(mib, "mib")?,
                }
            }
            _ => simple(word),
        };
        Some((service?, kind))
    }

    fn has_fault_api(&self, service: &str) -> bool {
        self.model
            .and_then(|model| model.services.get(service))
            .is_none_or(|service| service.fault_port().is_some())
    }

    fn services_with_fault_api(&self) -> Vec<String> {
        let services = self.model.iter().flat_map(|model| &model.services);
        services
            .filter(|(_, service)| service.fault_port().is_some())
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn simple(word: &str) -> FaultKind {
    match word {
        "crash" => FaultKind::Crash,
        "kill" => FaultKind::Kill,
        "stop" => FaultKind::Stop,
        "pause" => FaultKind::Pause,
        _ => FaultKind::Restart,
    }
}
