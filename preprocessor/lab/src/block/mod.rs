//! The lab block: its grammar, one file a noun, decoded with every problem told at once.

mod condition;
mod decode;
mod fault;
mod grammar;
mod keys;
mod lab;
mod probe;
pub mod scaffold;
mod scenario;
pub mod schema;
mod teaching;

pub use condition::{Always, Condition};
pub use fault::{Fault, FaultKind, Network};
pub use lab::{Kind, Lab, decode};
pub use probe::{
    AlertExpectation, AlertState, ContainerExpectation, ContainerState, HttpExpectation,
    LogExpectation, MetricExpectation, PanelProbe, PanelQuery, Probe, Quantifier, RunExpectation,
    Signal, TraceSearch,
};
pub use scenario::Scenario;
pub use teaching::Predict;
