//! The probes: one statement about the running stack, answered from its telemetry.

mod alert;
mod clocked;
mod complete;
mod container;
mod growth;
mod history;
mod http;
mod logql;
mod nothing;
mod notification;
mod observe;
mod panel;
mod promql;
mod run;
mod series;
mod source;
mod sql;
mod trace;

pub use clocked::{Baseline, Clocked};
pub use history::{curves, history};
pub use observe::{Observation, ProbeError, explain, observe};
pub use source::{
    Alert, AlertInbox, Alertmanager, Dependency, Jaeger, Line, Loki, Notification, NotifiedAlert,
    Prometheus, QueryError, Search, Series, Span, SpanEvent, Trace,
};

pub(crate) use panel::evaluate as evaluate_panel;
pub(crate) use trace::matches_search;
