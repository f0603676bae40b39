//! The Docker engine: the only module that speaks to it, and to `docker compose`.
//!
//! Everything that leaves this module is plain data of our own, so that a change of client library
//! or of engine version ends here.

mod address;
mod client;
mod compose;
mod compose_error;
mod container;
mod control;
mod error;
mod exec;
mod files;
mod group;
mod image;
mod job;
mod lay;
mod limits;
mod lines;
mod state;
mod throw_away;
mod tunnel;

#[cfg(test)]
mod live_tests;

pub use address::Address;
pub use client::{Engine, EngineInfo};
pub use compose::Compose;
pub use compose_error::{ComposeError, ComposeProblem};
pub use container::{Container, Health, Port, State};
pub use error::EngineError;
pub(crate) use error::systemd_runs;
pub use exec::ExecOutput;
pub use image::split_reference;
pub use job::{Job, JobFile};
pub use limits::Limits;
pub(crate) use lines::merge_lines;
pub use state::state_dir;
