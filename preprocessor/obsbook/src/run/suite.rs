//! A whole run: the stack brought up profile by profile, lab after lab, and what is left at the end.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::{Fault, Lab};
use obsbook_lab::event::Event;
use obsbook_lab::plan::{Stage, stages};
use obsbook_lab::verdict::{ExitStatus, Verdict};

use super::interrupt::Interrupt;
use super::lab::{LabRun, Outcome};
use crate::book::LoadedBook;
use crate::prepare::{self, Preparation};
use crate::report::{Reporter, Results};
use crate::stack::{Booted, Journal, Missing, Stack};

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
}

/// How one lab ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LabResult {
    /// The lab's id.
    pub id: String,
    /// How it ended, and why.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
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
    environment
        .reporter
        .emit(None, Event::RunStarted { labs: ids, project });
    let (results, environment_status) = run_stages(environment, labs).await;
    let mut status = results.iter().fold(environment_status, |status, lab| {
        status.and(lab.outcome.verdict.into())
    });
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

async fn run_stages(environment: &Environment<'_>, labs: &[&Lab]) -> (Vec<LabResult>, ExitStatus) {
    let mut results = Vec::new();
    let prepared = environment
        .interrupt
        .unless(prepare::open(
            environment.preparation,
            environment.book,
            environment.reporter,
        ))
        .await;
    let ready = match prepared {
        None => Err("interrupted before it began".to_owned()),
        Some(Err(error)) => Err(prepare::tell(environment.reporter, &error)),
        Some(Ok(ready)) => Ok(ready),
    };
    let mut ready = match ready {
        Ok(ready) => ready,
        Err(reason) => {
            results.extend(labs.iter().map(|lab| not_run(environment, lab, &reason)));
            return (results, ExitStatus::Environment);
        }
    };
    let mut status = ExitStatus::Success;
    for stage in stages(labs) {
        let (stage_results, stage_status) = run_stage(environment, &mut ready, &stage).await;
        results.extend(stage_results);
        status = status.and(stage_status);
    }
    (results, status)
}

async fn run_stage(
    environment: &Environment<'_>,
    ready: &mut prepare::Ready,
    stage: &Stage<'_>,
) -> (Vec<LabResult>, ExitStatus) {
    let mut results = Vec::new();
    let booted = environment
        .interrupt
        .unless(prepare::boot(
            environment.preparation,
            environment.book,
            ready,
            stage.profile,
            environment.reporter,
        ))
        .await;
    let booted = match booted {
        None => Err("interrupted before it began".to_owned()),
        Some(Err(error)) => Err(prepare::tell(environment.reporter, &error)),
        Some(Ok(booted)) => Ok(booted),
    };
    let booted = match booted {
        Ok(booted) => booted,
        Err(reason) => {
            results.extend(
                stage
                    .labs
                    .iter()
                    .map(|lab| not_run(environment, lab, &reason)),
            );
            return (results, ExitStatus::Environment);
        }
    };
    let clock_offset = ready
        .stack
        .engine()
        .clock_offset()
        .await
        .unwrap_or_default();
    for lab in &stage.labs {
        if environment.interrupt.is_set() {
            results.push(not_run(environment, lab, "interrupted before it began"));
            continue;
        }
        let run = OneLab {
            lab,
            booted: &booted,
            clock_offset,
            full_deadlines: false,
            broken_before: None,
        };
        results.push(run_one(environment, &ready.stack, &ready.journal, run).await);
    }
    (results, ExitStatus::Success)
}

/// One lab on a stack that is ready.
pub(crate) struct OneLab<'a> {
    pub(crate) lab: &'a Lab,
    pub(crate) booted: &'a Booted,
    pub(crate) clock_offset: SignedDuration,
    pub(crate) full_deadlines: bool,
    pub(crate) broken_before: Option<Fault>,
}

pub(crate) async fn run_one(
    environment: &Environment<'_>,
    stack: &Stack,
    journal: &Mutex<Journal>,
    one: OneLab<'_>,
) -> LabResult {
    let started = Instant::now();
    let signals = one.lab.signals();
    let missing = one
        .booted
        .missing
        .iter()
        .find(|missing| signals.contains(&missing.signal));
    if let Some(Missing {
        service,
        signal,
        reason,
    }) = missing
    {
        let reason = format!("it reads {signal}, and {service} {reason}");
        return not_run(environment, one.lab, &reason);
    }
    let run = LabRun {
        stack,
        lab: one.lab,
        journal,
        reporter: environment.reporter,
        interrupt: environment.interrupt,
        services: &one.booted.services,
        clock_offset: one.clock_offset,
        full_deadlines: one.full_deadlines,
        broken_before: one.broken_before,
    };
    let outcome = run.run().await;
    LabResult {
        id: one.lab.id.clone(),
        outcome,
        took: started.elapsed(),
    }
}

fn not_run(environment: &Environment<'_>, lab: &Lab, reason: &str) -> LabResult {
    let outcome = Outcome {
        verdict: Verdict::Unsteady,
        reason: Some(format!("not run: {reason}")),
        seen: Vec::new(),
    };
    environment.reporter.emit(
        Some(&lab.id),
        Event::LabFinished {
            verdict: outcome.verdict,
            reason: outcome.reason.clone(),
            seen: Vec::new(),
            seconds: 0.0,
        },
    );
    LabResult {
        id: lab.id.clone(),
        outcome,
        took: Duration::ZERO,
    }
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
