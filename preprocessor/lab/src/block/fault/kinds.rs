//! What can be broken.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::network::Network;
use crate::block::exercise::Reach;

/// A fault on one service; undone automatically.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The compose service that is broken; of a network, the one whose calls are disturbed.
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
    /// The service repeats failed calls at once, without limit to their share.
    Retries {
        /// How often a call is made in all.
        attempts: u64,
    },
    /// The service keeps connections of its pool that nobody uses.
    Leak {
        /// How many.
        connections: u64,
    },
    /// The service takes no more work, though it looks healthy.
    Stall,
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
    /// The container may use less than it is used to.
    Limits {
        /// Its memory, in MiB.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mib: Option<u64>,
        /// Its share of the processors, in whole ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cpus: Option<f64>,
    },
    /// The network between the service and another is disturbed.
    Network {
        /// The service that is called.
        to: String,
        /// How.
        toxic: Network,
    },
    /// A file of the service's container is another one; the service is made anew with it.
    Config {
        /// The file, relative to the book's root.
        file: PathBuf,
        /// Where it is in the container.
        target: String,
    },
    /// What a reader has edited takes its place; no block names this one, an exercise has it.
    Edit {
        /// The file, relative to the book's root.
        file: PathBuf,
        /// Where it goes: in the container, or in the build context.
        target: String,
        /// How it gets there.
        reach: Reach,
    },
    /// The service that makes the traffic makes as much as this many users do.
    Load {
        /// How many users.
        users: u64,
    },
}

impl FaultKind {
    /// Returns the word that a block names the fault by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Latency { .. } => "latency",
            Self::Error { .. } => "error",
            Self::Memory { .. } => "memory",
            Self::Retries { .. } => "retries",
            Self::Leak { .. } => "leak",
            Self::Stall => "stall",
            Self::Crash => "crash",
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Pause => "pause",
            Self::Restart => "restart",
            Self::Limits { .. } => "limits",
            Self::Network { .. } => "network",
            Self::Load { .. } => "load",
            Self::Config { .. } => "config",
            Self::Edit { .. } => "edit",
        }
    }

    /// Returns the book's file that it needs, if it needs one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Config { file, .. } | Self::Edit { file, .. } => Some(file),
            _ => None,
        }
    }

    /// Returns whether the service carries the fault itself, through its fault API.
    pub fn needs_fault_api(&self) -> bool {
        match self {
            Self::Latency { .. }
            | Self::Error { .. }
            | Self::Memory { .. }
            | Self::Retries { .. }
            | Self::Leak { .. }
            | Self::Stall
            | Self::Crash => true,
            Self::Kill
            | Self::Stop
            | Self::Pause
            | Self::Restart
            | Self::Limits { .. }
            | Self::Network { .. }
            | Self::Load { .. }
            | Self::Config { .. }
            | Self::Edit { .. } => false,
        }
    }
}
