//! Reports: folds over the event stream, which run nothing and change no verdict.

mod costs;
mod evidence;
mod evidence_charts;
mod evidence_files;
mod explanation;
mod file;
mod finding;
mod github;
mod human;
mod json;
mod junit;
mod progress;
mod reporter;
mod results;
#[cfg(test)]
mod samples;
mod saved;
mod table;
mod view;
#[cfg(test)]
mod view_tests;
mod waiting;

pub use costs::{Cost, costs};
pub use evidence::{
    Attempt, ConditionEvidence, EVIDENCE_VERSION, Evidence, FaultEvidence, OBSBOOK, STACK,
    SeriesEvidence,
};
pub use evidence_charts::charts as evidence_charts;
pub use evidence_files::EvidenceFiles;
pub use explanation::Explanation;
pub use file::Newer;
pub use finding::Finding;
pub use github::Github;
pub use human::Human;
pub use json::JsonLines;
pub use junit::Junit;
pub use progress::{Progress, ProgressError, ProgressFile, ProgressView, Steps};
pub use reporter::{Output, Reporter};
pub use results::{Line as ResultLine, Results, ResultsError};
pub use saved::{ReplayError, SavedRun, find_saved, read_saved};
pub use table::Table;
pub use view::{ConditionView, FaultView, LabView, State, Step, StepView};
pub use waiting::Waiting;
