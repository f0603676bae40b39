//! Labs of an obsbook: Markdown to labs and diagnostics, the plan of a run, its events and verdicts.
//!
//! Everything here is pure: no input or output, no clock, no async. What reads files, asks telemetry or
//! breaks services lives in the crate `obsbook`.

pub mod address;
mod beliefs;
pub mod block;
pub mod book;
pub mod chart;
pub mod comparison;
pub mod compose;
pub mod console;
pub mod dashboard;
pub mod diagnostic;
pub mod duration;
pub mod event;
pub mod include;
pub mod logql;
pub mod markdown;
pub mod markup;
pub mod mutant;
pub mod partition;
pub mod plan;
pub mod promql;
pub mod prose;
mod query;
pub mod selector;
pub mod span;
mod spelling;
pub mod suggest;
pub mod summary;
pub mod surroundings;
pub mod verdict;
pub mod yaml;
