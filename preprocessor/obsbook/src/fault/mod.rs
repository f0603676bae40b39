//! Faults and their undoing: through a service's own fault API, or through the engine.

mod api;
mod inject;
mod undo;

pub use api::{ApiError, FaultApi, FaultState};
pub use inject::{InjectError, inject};
pub use undo::{Undo, UndoError};
