//! Where the events of a run go.

use std::io::{IsTerminal, stdout};
use std::path::Path;

use super::args::Format;
use crate::report::{EvidenceFiles, Human, JsonLines, Output, SavedRun};
use crate::terminal;

/// Returns what is printed: people's words or JSON on standard output, progress on standard error.
pub(super) fn printed(format: Format) -> Vec<Box<dyn Output>> {
    let main: Box<dyn Output> = match format {
        Format::Human => Box::new(Human::new(
            stdout(),
            terminal::colour(stdout().is_terminal()),
        )),
        Format::Json => Box::new(JsonLines::new(stdout())),
    };
    // Progress comes first: its spinner is taken away before a line is written in its place.
    vec![Box::<terminal::Progress>::default(), main]
}

/// Returns what a run of the book at `root` leaves behind: evidence, and the run itself.
pub(super) fn of_run(root: &Path) -> Vec<Box<dyn Output>> {
    vec![
        Box::new(EvidenceFiles::new(root)),
        Box::new(SavedRun::new(root)),
    ]
}
