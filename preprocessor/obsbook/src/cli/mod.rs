//! The command line: one file a command, each a thin layer over the library.

mod args;
mod challenge;
mod check;
mod completions;
mod context;
mod doctor;
mod down;
mod explain;
mod fault;
mod hint;
mod lint;
mod list;
mod mdbook;
mod new;
mod outputs;
mod progress;
mod prove;
mod replay;
mod reset;
mod results;
mod run;
mod scenario;
mod schema;
mod serve;
mod status;
mod up;
mod watch;

pub use run::run;
