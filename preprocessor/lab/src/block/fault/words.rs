//! Faults in the words of reports and cards.

use std::fmt;
use std::time::Duration;

use super::kinds::{Fault, FaultKind};
use super::network::Network;
use crate::block::exercise::Reach;
use crate::duration;

impl Fault {
    /// Returns what takes the fault back, as a sentence's predicate: `start order-api, unless it runs`.
    pub fn undo_words(&self) -> String {
        let service = &self.service;
        match &self.kind {
            FaultKind::Latency { .. }
            | FaultKind::Error { .. }
            | FaultKind::Memory { .. }
            | FaultKind::Retries { .. }
            | FaultKind::Leak { .. }
            | FaultKind::Stall => format!("make {service} end its fault `{}`", self.kind.word()),
            FaultKind::Network { to, .. } => {
                format!("make the network from {service} to {to} as it was")
            }
            FaultKind::Config { target, .. } => format!("run {service} with its own {target}"),
            FaultKind::Edit { target, .. } => format!("run {service} with its own {target}"),
            FaultKind::Load { .. } => format!("make {service} send what its usual users do"),
            FaultKind::Limits { .. } => {
                format!("give {service} its limits back, and start it, unless it runs")
            }
            FaultKind::Pause => format!("unpause {service}"),
            FaultKind::Crash | FaultKind::Kill | FaultKind::Stop | FaultKind::Restart => {
                format!("start {service}, unless it runs")
            }
        }
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
            FaultKind::Retries { attempts } => {
                write!(
                    f,
                    "make {service} try each failed call {attempts} times, at once"
                )
            }
            FaultKind::Leak { connections } => {
                write!(
                    f,
                    "make {service} keep {connections} connections of its pool to itself"
                )
            }
            FaultKind::Stall => write!(f, "make {service} take no more work"),
            FaultKind::Crash => write!(f, "crash the process of {service}"),
            FaultKind::Kill => write!(f, "kill {service}"),
            FaultKind::Stop => write!(f, "stop {service}"),
            FaultKind::Pause => write!(f, "pause {service}"),
            FaultKind::Restart => write!(f, "restart {service}"),
            FaultKind::Limits { mib, cpus } => {
                let memory = mib.map(|mib| format!("{mib} MiB of memory"));
                let processors = cpus.map(|cpus| format!("{cpus} of a processor"));
                let all: Vec<_> = memory.into_iter().chain(processors).collect();
                write!(f, "limit {service} to {}", all.join(" and "))
            }
            FaultKind::Network {
                to,
                toxic: Network::Reset,
            } => {
                write!(f, "reset every connection from {service} to {to}")
            }
            FaultKind::Network { to, toxic } => {
                write!(f, "make the network from {service} to {to} {toxic}")
            }
            FaultKind::Config { file, target } => {
                write!(f, "run {service} with {} as its {target}", file.display())
            }
            FaultKind::Edit {
                file,
                target,
                reach: Reach::Reload,
            } => {
                write!(f, "let {service} read {} as {target}", file.display())
            }
            FaultKind::Edit { file, target, .. } => {
                write!(f, "build {service} with {} as {target}", file.display())
            }
            FaultKind::Load { users } => write!(f, "make {service} send what {users} users do"),
        }
    }
}
