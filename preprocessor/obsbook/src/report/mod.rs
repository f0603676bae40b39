//! Reports: folds over the event stream, which run nothing and change no verdict.

mod costs;
mod finding;
mod human;
mod json;
mod reporter;
mod results;
#[cfg(test)]
mod samples;
mod table;
mod waiting;

pub use costs::{Cost, costs};
pub use finding::Finding;
pub use human::Human;
pub use json::JsonLines;
pub use reporter::{Output, Reporter};
pub use results::{Line as ResultLine, Results, ResultsError};
pub use table::Table;
pub use waiting::Waiting;
