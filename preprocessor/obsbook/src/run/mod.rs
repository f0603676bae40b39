//! Running labs: the order of DESIGN, one lab at a time, every fault undone.

mod always;
mod by_hand;
mod expect;
mod interrupt;
mod lab;
mod prove;
mod steady;
mod suite;
mod undo;
mod variant;

#[cfg(test)]
mod fakes;
#[cfg(test)]
mod lab_tests;

pub use by_hand::break_by_hand;
pub use interrupt::Interrupt;
pub use lab::{LabRun, Outcome};
pub use prove::{ProofReport, prove};
pub use suite::{Environment, LabResult, RunReport, run};
pub use variant::{Proof, Variant, variants};
