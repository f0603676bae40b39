//! What a lab breaks: the faults, their words, and how a block spells them.

mod command;
mod decode;
mod keys;
mod kinds;
mod network;
mod words;

pub use kinds::{Fault, FaultKind};
pub use network::Network;

pub(super) use keys::{FAULTS, SCENARIO};
