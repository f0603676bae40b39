//! What `--install` does on Debian and Ubuntu: the engine, the Compose plug-in, the base image.
//!
//! Each step says what it does, why, and by which commands before it is taken; the same words are
//! the advice of a run without the flag. An engine that was not started here is never ended or
//! configured.

mod apt;
mod base;
mod command;
mod daemon;
mod disk;
mod error;
mod host;
mod plan;
mod plugin;
mod process;
mod sources;
mod step;
mod version;

#[cfg(test)]
mod live_tests;

pub use daemon::stop_engine_we_started;
pub use disk::check_disk;
pub use error::InstallError;
pub use plan::{install, missing};
pub use step::{Step, StepKind};
