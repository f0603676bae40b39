//! Where the events of a run go.

use std::io::{IsTerminal, stderr, stdout};
use std::path::{Path, PathBuf};

use obsbook_lab::verdict::ExitStatus;

use super::args::Format;
use super::context::fail;
use crate::report::{
    EvidenceFiles, Github, Human, JsonLines, Junit, Output, ProgressFile, SavedRun,
};
use crate::terminal;

/// Returns what is printed: people's words or JSON on standard output, progress on standard error.
pub(super) fn printed(format: Format) -> Vec<Box<dyn Output>> {
    let main: Box<dyn Output> = match format {
        Format::Human => Box::new(Human::new(
            terminal::Stdout,
            terminal::colour(stdout().is_terminal()),
        )),
        Format::Json => Box::new(JsonLines::new(terminal::Stdout)),
    };
    // Progress comes first: its spinner is taken away before a line is written in its place.
    vec![Box::<terminal::Progress>::default(), main]
}

/// Returns what a run of the book at `root` leaves behind: evidence, the run itself, and the reports that are wanted.
pub(super) fn of_run(
    root: &Path,
    junit: Option<&Path>,
    github: bool,
) -> Result<Vec<Box<dyn Output>>, ExitStatus> {
    let mut outputs: Vec<Box<dyn Output>> = vec![
        Box::new(EvidenceFiles::new(root)),
        Box::new(SavedRun::new(root)),
        Box::new(ProgressFile::new(root)),
    ];
    outputs.extend(wanted(root, junit, github)?);
    Ok(outputs)
}

/// Returns the reports that are wanted of a run of the book at `root`.
pub(super) fn wanted(
    root: &Path,
    junit: Option<&Path>,
    github: bool,
) -> Result<Vec<Box<dyn Output>>, ExitStatus> {
    let mut outputs: Vec<Box<dyn Output>> = Vec::new();
    if let Some(path) = junit {
        outputs.push(Box::new(room(path)?));
    }
    if github {
        let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        // Standard output is data or the report; GitHub reads commands from both.
        outputs.push(Box::new(Github::new(
            stderr(),
            &in_repository(root),
            summary.map(PathBuf::from),
        )));
    }
    Ok(outputs)
}

/// Removes the JUnit file of an earlier run, so that it does not speak for one that does not begin.
pub(super) fn make_room(junit: &Path) -> Result<(), ExitStatus> {
    room(junit).map(drop)
}

fn room(path: &Path) -> Result<Junit, ExitStatus> {
    Junit::new(path).map_err(|error| {
        let error = format!(
            "failed to make room for the JUnit file {}: {error}",
            path.display()
        );
        fail(&error, Some("name another file".to_owned()))
    })
}

/// Returns whether this is a step of a GitHub Actions job.
pub(super) fn in_github_actions() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// Returns the book's root relative to the repository that GitHub Actions checked out; empty when it is no part of it.
fn in_repository(root: &Path) -> PathBuf {
    let workspace = std::env::var_os("GITHUB_WORKSPACE").filter(|path| !path.is_empty());
    let Some(workspace) = workspace else {
        return PathBuf::new();
    };
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole(root)
        .strip_prefix(whole(Path::new(&workspace)))
        .map(Path::to_owned)
        .unwrap_or_default()
}
