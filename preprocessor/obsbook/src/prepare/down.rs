//! Taking stacks, and the engine, away.

use super::error::PrepareError;
use super::open::Preparation;
use crate::book::LoadedBook;
use crate::engine::{Engine, EngineError};
use crate::fault::{UndoError, forget_files};
use crate::install::stop_engine_we_started;
use crate::report::Reporter;
use crate::stack::{
    BootError, Journal, JournalError, LockError, Project, Stack, StackError, is_of_job,
};

/// Takes the stack down, and those beside it that runs with several jobs left when they were killed; faults go with their containers,
/// also those of a journal that cannot be read.
///
/// # Errors
/// The engine, the lock or `docker compose down` fails.
pub async fn down(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
    volumes: bool,
) -> Result<(), PrepareError> {
    let engine = take_down(preparation, book, reporter, volumes).await?;
    down_beside(&engine, preparation, book, reporter).await
}

/// Takes one stack down, and returns its engine.
async fn take_down(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
    volumes: bool,
) -> Result<Engine, PrepareError> {
    let mut stack = Stack::open(book, &preparation.options).await?;
    let _lock = stack.lock(&mut |line| reporter.progress(line)).await?;
    let mut on_line = |line: &str| reporter.activity(line);
    let down = stack.compose().down(volumes, &mut on_line).await;
    if let Some(stays) = down.map_err(BootError::from)? {
        reporter.progress(&stays);
    }
    stack.forget_ports();
    forget_files(&stack).map_err(UndoError::from)?;
    forget_faults(&stack, reporter)?;
    Ok(stack.engine().clone())
}

fn forget_faults(stack: &Stack, reporter: &Reporter) -> Result<(), JournalError> {
    let directory = stack.directory();
    let mut journal = match Journal::open(&directory) {
        Err(error @ JournalError::Unreadable { .. }) => {
            let aside = Journal::set_aside(&directory)?;
            reporter.progress(&format!(
                "{error}; its faults are gone with their containers, and it is kept as {}",
                aside.display()
            ));
            return Ok(());
        }
        journal => journal?,
    };
    for entry in journal.clear()? {
        reporter.progress(&format!(
            "gone with its container: {} (lab {})",
            entry.words(),
            entry.lab
        ));
    }
    Ok(())
}

/// Takes the stacks down that runs with several jobs left behind when they were killed.
///
/// # Errors
/// As [`down`].
pub(super) async fn down_beside(
    engine: &Engine,
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
) -> Result<(), PrepareError> {
    let beside = stacks_beside(engine, &preparation.project(book)).await;
    for project in beside.map_err(StackError::from)? {
        let mut preparation = preparation.clone();
        preparation.options.project = Some(project.clone().into());
        match take_down(&preparation, book, reporter, true).await {
            Ok(_) => reporter.progress(&format!("stack {project} of an earlier run is gone")),
            // A run that lives still needs its stacks.
            Err(PrepareError::Lock(LockError::Taken { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns the projects of the stacks that runs of `project` with several jobs have, or have left.
///
/// # Errors
/// The engine does not answer.
pub async fn stacks_beside(engine: &Engine, project: &str) -> Result<Vec<String>, EngineError> {
    let mut projects = engine.projects().await?;
    // Somebody may have named a stack of their own so.
    projects.retain(|other| has_name_of_job(project, other) && is_of_job(engine, other));
    Ok(projects)
}

fn has_name_of_job(project: &str, other: &str) -> bool {
    let number = other
        .strip_prefix(project)
        .and_then(|rest| rest.strip_prefix(JOB));
    number.is_some_and(|number| number.parse::<usize>().is_ok())
}

/// Returns the project of the stack that the `number`-th job of a run has.
pub fn job_project(project: &str, number: usize) -> Project {
    Project {
        name: format!("{project}{JOB}{number}"),
        of_job: true,
    }
}

/// Stands between a project and the number of a job.
const JOB: &str = "-job";

/// Stops the engine, if obsbook started it and no stack is left on it; says what it did.
///
/// # Errors
/// The engine that obsbook started does not end.
pub async fn stop_engine(reporter: &Reporter) -> Result<(), PrepareError> {
    let left = match Engine::connect().await {
        Ok(engine) => engine.projects().await.map_err(StackError::from)?,
        Err(_) => Vec::new(),
    };
    if !left.is_empty() {
        reporter.progress(&format!("the engine stays: it runs {}", left.join(", ")));
        return Ok(());
    }
    let stopped = stop_engine_we_started().await?;
    reporter.progress(if stopped {
        "the engine is stopped"
    } else {
        "the engine was not started by obsbook, so it stays"
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_of_jobs_are_known_by_their_number() {
        let check = |other: &str, expected: bool| {
            assert_eq!(has_name_of_job("shop", other), expected, "{other}");
        };
        check(&job_project("shop", 2).name, true);
        check("shop-job12", true);
        check("shop-job", false);
        check("shop-jobs-3", false);
        check("shop", false);
        check("my-shop-job2", false);
    }
}
