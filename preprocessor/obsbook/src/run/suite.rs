//! A whole run: labs on one stack or several, and what is left at the end.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use obsbook_lab::block::Lab;
use obsbook_lab::event::Event;
use obsbook_lab::plan::places;
use obsbook_lab::verdict::{ExitStatus, Verdict};

use super::interrupt::Interrupt;
use super::pool::run_all;
use super::task::{LabResult, Task};
use crate::book::LoadedBook;
use crate::prepare::Preparation;
use crate::report::{Reporter, Results};

/// What a run needs besides its labs.
pub struct Environment<'a> {
    /// The book.
    pub book: &'a LoadedBook,
    /// How the stack is found and brought up.
    pub preparation: &'a Preparation,
    /// Where events go.
    pub reporter: &'a Reporter,
    /// Who may ask the run to end.
    pub interrupt: &'a Interrupt,
    /// How many stacks may run labs at the same time.
    pub jobs: usize,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    /// Every lab that was selected, in the order in which they ran.
    pub labs: Vec<LabResult>,
    /// The exit status.
    pub status: ExitStatus,
}

/// Runs `labs` and returns how they ended. What keeps the stack from coming up is told through `reporter`, and every lab is `unsteady` then.
pub async fn run(environment: &Environment<'_>, labs: &[&Lab]) -> RunReport {
    let started = Instant::now();
    let ids = labs.iter().map(|lab| lab.id.clone()).collect();
    let project = environment.preparation.project(environment.book);
    environment.reporter.emit(
        None,
        Event::RunStarted {
            labs: ids,
            project,
            book: places(&environment.book.book),
            versions: versions(),
        },
    );
    let tasks: Vec<_> = labs.iter().map(|lab| Task::plain(lab)).collect();
    let (results, mut status) = run_all(environment, &tasks, &|_, _| {}).await;
    if environment.interrupt.is_set() {
        status = status.and(ExitStatus::Interrupted);
    }
    let mut counts = BTreeMap::new();
    for result in &results {
        *counts.entry(result.outcome.verdict).or_insert(0) += 1;
    }
    environment.reporter.emit(
        None,
        Event::RunFinished {
            counts,
            status: status.code(),
            seconds: started.elapsed().as_secs_f64(),
        },
    );
    RunReport {
        labs: results,
        status,
    }
}

/// What takes part in a run, by name.
fn versions() -> BTreeMap<String, String> {
    let own = env!("CARGO_PKG_VERSION").to_owned();
    [("obsbook".to_owned(), own)].into()
}

impl RunReport {
    /// Returns the results file's content: every lab of the book, those not selected as skipped.
    pub fn results(&self, book: &LoadedBook, run: &str) -> Results {
        let line = |lab: &Lab| {
            let result = self.labs.iter().find(|result| result.id == lab.id);
            crate::report::ResultLine {
                id: lab.id.clone(),
                file: lab.file.clone(),
                line: lab.at.line,
                verdict: result.map_or(Verdict::Skipped, |result| result.outcome.verdict),
                reason: result.and_then(|result| result.outcome.reason.clone()),
                seconds: result.map_or(0.0, |result| result.took.as_secs_f64()),
            }
        };
        Results {
            v: obsbook_lab::event::VERSION,
            run: run.to_owned(),
            time: Timestamp::now(),
            status: self.status.code(),
            labs: book.book.labs().map(line).collect(),
        }
    }
}
