//! Where the events of a run go.

use std::io::{IsTerminal, stdout};
use std::path::Path;

use obsbook_lab::verdict::ExitStatus;

use super::args::Format;
use super::context::fail;
use crate::report::{EvidenceFiles, Human, JsonLines, Junit, Output, SavedRun};
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

/// Returns what a run of the book at `root` leaves behind: evidence, the run itself, and the reports that are wanted.
pub(super) fn of_run(
    root: &Path,
    junit: Option<&Path>,
) -> Result<Vec<Box<dyn Output>>, ExitStatus> {
    let mut outputs: Vec<Box<dyn Output>> = vec![
        Box::new(EvidenceFiles::new(root)),
        Box::new(SavedRun::new(root)),
    ];
    outputs.extend(wanted(junit)?);
    Ok(outputs)
}

/// Returns the reports that are wanted.
pub(super) fn wanted(junit: Option<&Path>) -> Result<Vec<Box<dyn Output>>, ExitStatus> {
    let mut outputs: Vec<Box<dyn Output>> = Vec::new();
    if let Some(path) = junit {
        let junit = Junit::new(path).map_err(|error| {
            let error = format!(
                "failed to make room for the JUnit file {}: {error}",
                path.display()
            );
            fail(&error, Some("name another file".to_owned()))
        })?;
        outputs.push(Box::new(junit));
    }
    Ok(outputs)
}
