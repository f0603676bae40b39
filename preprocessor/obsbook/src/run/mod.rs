//! Running labs: the order of DESIGN, one lab at a time on a stack, every fault undone.

mod always;
mod by_hand;
pub mod challenge;
mod console;
mod equivalent;
pub mod exercise;
mod expect;
mod interrupt;
mod jobs;
mod lab;
mod ledger;
mod mend;
mod original;
mod outcome;
mod pool;
mod prove;
mod queue;
mod series;
mod shell;
mod steady;
mod suite;
mod task;
mod undo;
mod variant;
mod watch;
mod worker;

#[cfg(test)]
mod fake_lab;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod lab_tests;

pub use by_hand::break_by_hand;
pub use equivalent::{Equivalents, EquivalentsError};
pub use interrupt::Interrupt;
pub use jobs::jobs;
pub use lab::LabRun;
pub use ledger::Ledger;
pub use mend::Mend;
pub use original::Original;
pub use outcome::Outcome;
pub use prove::{ProofReport, prove};
pub use suite::{Environment, RunReport, run};
pub use task::LabResult;
pub use variant::{Expected, Proof, Variant, mutations, query, variants};
pub use watch::watch_conditions;
