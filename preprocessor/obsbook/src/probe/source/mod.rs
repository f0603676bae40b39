//! The data sources' HTTP APIs, as much of them as the probes need.

mod alertmanager;
mod ask;
mod inbox;
mod jaeger;
mod loki;
mod prometheus;

pub use alertmanager::Alertmanager;
pub use ask::QueryError;
pub use inbox::{AlertInbox, Notification};
pub use jaeger::{Jaeger, Span, Trace};
pub use loki::{Line, Loki};
pub use prometheus::{Alert, Prometheus, Series};

pub(super) use ask::plain;
