//! The data sources' HTTP APIs, as much of them as the probes need.

mod alertmanager;
mod ask;
mod inbox;
mod jaeger;
#[cfg(test)]
mod jaeger_tests;
mod loki;
mod prometheus;
#[cfg(test)]
mod prometheus_tests;

pub use alertmanager::Alertmanager;
pub use ask::QueryError;
pub use inbox::{AlertInbox, Notification, NotifiedAlert};
pub use jaeger::{Dependency, Jaeger, Search, Span, SpanEvent, Trace};
pub use loki::{Line, Loki};
pub use prometheus::{Alert, Prometheus, Series};

pub(super) use ask::plain;
pub(super) use loki::LINES;
pub(super) use prometheus::same_labels;
