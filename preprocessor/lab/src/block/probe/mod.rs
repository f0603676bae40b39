//! The probes in the block's words: what is asked, of whom, and what is expected of the answer.

mod alert;
mod container;
mod decode;
mod http;
mod keys;
mod kinds;
mod logql;
mod panel;
mod promql;
mod run;
mod sql;
mod trace;
mod words;

pub use alert::{AlertExpectation, AlertState};
pub use container::{ContainerExpectation, ContainerState};
pub use http::HttpExpectation;
pub use kinds::{Probe, Quantifier, Signal};
pub use logql::LogExpectation;
pub use panel::{PanelProbe, PanelQuery};
pub use promql::MetricExpectation;
pub use run::RunExpectation;
pub use trace::TraceSearch;

pub(super) use keys::{Asked, PROBES, words as probe_words};
pub(super) use trace::KEYS as TRACE_KEYS;
