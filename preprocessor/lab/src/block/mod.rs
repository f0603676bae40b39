//! The lab block: its grammar, one file a noun, decoded with every problem told at once.

mod condition;
mod decode;
mod fault;
mod lab;
mod probe;

pub use condition::{Always, Condition};
pub use fault::{Fault, FaultKind};
pub use lab::{Kind, Lab, Predict, decode};
pub use probe::{ContainerExpectation, ContainerState, HttpExpectation, Probe, Quantifier};
