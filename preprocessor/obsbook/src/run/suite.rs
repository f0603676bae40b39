//! A whole run: labs on one stack or several, and what is left at the end.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use obsbook_lab::block::Lab;
use obsbook_lab::event::Event;
use obsbook_lab::plan::places;
use obsbook_lab::verdict::{ExitStatus, Verdict};

use super::challenge;
use super::exercise::{Progress, progress};
use super::interrupt::Interrupt;
use super::outcome::Outcome;
use super::pool::run_all;
use super::task::{LabResult, Task};
use crate::book::LoadedBook;
use crate::prepare::{self, Preparation};
use crate::report::{OBSBOOK, Reporter, Results, STACK};

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
            versions: versions(environment.book),
        },
    );
    let (to_run, mut results) = hand_out(environment, labs);
    let (challenges, to_run): (Vec<&Lab>, _) =
        to_run.into_iter().partition(|lab| lab.challenge.is_some());
    // Any other lab needs a whole stack, which ends a challenge that is under way.
    for lab in challenges {
        results.push(judged(environment, lab).await);
    }
    let tasks: Vec<_> = to_run.iter().map(|lab| Task::plain(lab)).collect();
    if !tasks.is_empty() {
        let (ran, _) = run_all(environment, &tasks, &|_, _| {}).await;
        results.extend(ran);
    }
    let verdicts = results.iter().map(|result| result.outcome.verdict.into());
    let mut status = verdicts.fold(ExitStatus::Success, ExitStatus::and);
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

/// Says which exercises are still as they were handed out, and returns the other labs.
fn hand_out<'b>(environment: &Environment<'_>, labs: &[&'b Lab]) -> (Vec<&'b Lab>, Vec<LabResult>) {
    let (mut to_run, mut results) = (Vec::new(), Vec::new());
    for lab in labs.iter().copied() {
        let Some(exercise) = &lab.exercise else {
            to_run.push(lab);
            continue;
        };
        let file = exercise.edit.file.display();
        let again = format!("edit it, then run `obsbook check {}` again", lab.id);
        let unsolved = |how: String| Outcome::new(Verdict::Unsolved, how);
        let outcome = match progress(&environment.book.root, exercise) {
            Ok(Progress::Edited) => {
                to_run.push(lab);
                continue;
            }
            Ok(Progress::HandedOut) => {
                unsolved(format!("{file} is made from its starter: {again}"))
            }
            Ok(Progress::Unchanged) => unsolved(format!("{file} is as it was handed out: {again}")),
            Err(error) => Outcome::new(Verdict::Unsteady, error),
        };
        results.push(Task::plain(lab).ended(environment, outcome));
    }
    (to_run, results)
}

async fn judged(environment: &Environment<'_>, lab: &Lab) -> LabResult {
    let started = Instant::now();
    match challenge::judge(environment, lab).await {
        Ok(outcome) => LabResult {
            id: lab.id.clone(),
            outcome,
            took: started.elapsed(),
        },
        Err(error) => {
            let reason = prepare::tell(environment.reporter, &error);
            Task::plain(lab).not_run(environment, &reason)
        }
    }
}

/// What takes part in a run, by name.
fn versions(book: &LoadedBook) -> BTreeMap<String, String> {
    let own = (OBSBOOK.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    [own, (STACK.to_owned(), book.stack_digest())].into()
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
