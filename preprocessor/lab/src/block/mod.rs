//! The lab block: its grammar, one file a noun, decoded with every problem told at once.

mod condition;
mod decode;
mod fault;
mod lab;

pub use condition::{
    Always, Condition, ContainerExpectation, ContainerState, HttpExpectation, Probe, Quantifier,
};
pub use fault::{Fault, FaultKind};
pub use lab::{Kind, Lab, Predict, decode};
