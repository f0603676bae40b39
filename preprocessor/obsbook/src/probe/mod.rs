//! The probes: one statement about the running stack, answered from its telemetry.

mod alert;
mod complete;
mod container;
mod history;
mod http;
mod logql;
mod observe;
mod panel;
mod promql;
mod run;
mod series;
mod source;
mod sql;
mod trace;

pub use history::history;
pub use observe::{Baseline, Observation, ProbeError, explain, observe};
pub use source::{
    Alert, AlertInbox, Alertmanager, Jaeger, Line, Loki, Notification, Prometheus, QueryError,
    Series, Span, Trace,
};

pub(crate) use panel::evaluate as evaluate_panel;
