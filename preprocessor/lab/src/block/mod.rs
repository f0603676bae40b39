//! The lab block: its grammar, one file a noun, decoded with every problem told at once.

mod condition;
mod decode;
mod fault;
mod lab;
mod probe;
mod teaching;

pub use condition::{Always, Condition};
pub use fault::{Fault, FaultKind};
pub use lab::{Kind, Lab, decode};
pub use probe::{ContainerExpectation, ContainerState, HttpExpectation, Probe, Quantifier};
pub use teaching::Predict;
