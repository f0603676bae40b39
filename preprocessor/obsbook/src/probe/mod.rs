//! The probes: one statement about the running stack, answered from its telemetry.

mod container;
mod http;
mod observe;
mod prometheus;
mod promql;

pub use observe::{Baseline, Observation, ProbeError, explain, observe};
pub use prometheus::{Prometheus, QueryError, Series};
