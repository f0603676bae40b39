//! Running labs: the order of DESIGN, one lab at a time, every fault undone.

mod always;
mod expect;
mod interrupt;
mod lab;
mod prove;
mod steady;
mod suite;
mod undo;
mod variant;

pub use interrupt::Interrupt;
pub use lab::{LabRun, Outcome};
pub use prove::{ProofReport, prove};
pub use suite::{Environment, LabResult, RunReport, run};
pub use variant::{Proof, Variant, variants};
