//! `obsbook replay`: a saved run through the same reports as a live one.

use std::path::Path;

use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Reports};
use super::context::{fail, root};
use super::outputs;
use crate::report::{ReplayError, Reporter, find_saved, read_saved};

pub(super) fn run(
    common: &Common,
    run: Option<&str>,
    reports: &Reports,
) -> Result<ExitStatus, ExitStatus> {
    let tell = |error: ReplayError| fail(&error, Some(error.hint()));
    // A file is replayed wherever it is; only kept runs need their book.
    let root = match root(common) {
        Ok(root) => Some(root),
        Err(error) if run.is_none() => return Err(fail(&error, Some(error.hint()))),
        Err(_) => None,
    };
    let path = find_saved(root.as_deref(), run).map_err(tell)?;
    if let Some(junit) = &reports.junit
        && is_same(junit, &path)
    {
        return Err(fail(
            &format!("{} is the run that is to be shown", junit.display()),
            Some("name another file with --junit".to_owned()),
        ));
    }
    let mut all = outputs::printed(common.format);
    let folder = root.unwrap_or_default();
    all.extend(outputs::wanted(
        &folder,
        reports.junit.as_deref(),
        reports.github,
    )?);
    let reporter = Reporter::new(all);
    let status = read_saved(&path, |record| reporter.pass(record)).map_err(tell)?;
    // A run without an end had problems in its blocks, and nothing was run.
    Ok(status
        .and_then(ExitStatus::of)
        .unwrap_or(ExitStatus::Invalid))
}

/// Returns whether two paths lead to one file; pipes are read and written in turn.
fn is_same(one: &Path, other: &Path) -> bool {
    let file = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    file(one).is_some_and(|one| file(other) == Some(one))
}
