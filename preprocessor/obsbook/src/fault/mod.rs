//! Faults and their undoing: through a service's own fault API, the engine, the proxies between services, or the traffic.

mod api;
mod by_hand;
mod config;
mod edit;
mod inject;
mod load;
mod network;
mod undo;

#[cfg(test)]
mod undo_tests;

pub use api::{ApiError, FaultApi, FaultState};
pub use by_hand::{ByHand, by_hand};
pub use config::ConfigError;
pub(crate) use config::forget_files;
pub use inject::{InjectError, inject, inject_undoable};
pub use load::LoadError;
pub use network::NetworkError;
pub use undo::{Undo, UndoError, undo_everything};
