//! A challenge in the hands of its reader: broken unseen, judged when they say so, and whole again at its end.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Instant;

use jiff::SignedDuration;
use obsbook_lab::block::Lab;
use obsbook_lab::event::Event;
use obsbook_lab::verdict::Verdict;

use super::lab::{LabRun, UNTIL_MENDED};
use super::outcome::Outcome;
use super::suite::Environment;
use crate::prepare::{self, PrepareError, Ready, make_whole};
use crate::probe::Baseline;
use crate::report::Reporter;
use crate::stack::{Entry, Journal};

/// Breaks the stack as a challenge says, and returns once the symptom shows; what it is stays in the journal.
///
/// An outcome that is not `passed` left nothing behind.
///
/// # Errors
/// There is no stack that may be broken.
pub async fn start(environment: &Environment<'_>, lab: &Lab) -> Result<Outcome, PrepareError> {
    let Environment {
        preparation,
        book,
        reporter,
        ..
    } = environment;
    let mut ready = prepare::open(preparation, book, reporter).await?;
    let booted = prepare::boot(preparation, book, &mut ready, &lab.profile, reporter).await?;
    // Its events name the faults.
    let silent = Reporter::new(Vec::new());
    let offset = ready.stack.engine().clock_offset().await;
    let run = hidden(environment, lab, &ready, &booted.services, &silent);
    let run = LabRun {
        clock_offset: offset.unwrap_or_default(),
        ..run
    };
    let settled = match environment.interrupt.unless(run.settle()).await {
        None => Err(Outcome::interrupted()),
        Some(settled) => settled,
    };
    if let Err(outcome) = settled {
        return Ok(outcome);
    }
    let broken_from = run.stack_time();
    let work = async {
        let baseline = run.compare().await?;
        let injected_from = run.stack_time();
        run.inject_all(lab.inject.as_deref().unwrap_or_default())
            .await?;
        run.expect_all(&baseline, injected_from, Instant::now())
            .await
    };
    let Err(outcome) = run.guarded(work).await else {
        return Ok(Outcome::passed());
    };
    let nothing_counted = Baseline::default();
    Ok(run
        .undo_and_recover(outcome, &nothing_counted, broken_from)
        .await)
}

/// Judges whether the stack is mended, and says so in events as a lab's run does. One that is mended is made whole; one that is not stays as it is.
///
/// # Errors
/// There is no stack to be judged.
pub async fn judge(environment: &Environment<'_>, lab: &Lab) -> Result<Outcome, PrepareError> {
    let Environment {
        preparation,
        book,
        reporter,
        interrupt,
        ..
    } = environment;
    let started = Instant::now();
    let ready = prepare::open_beside_hand_made(preparation, book, reporter).await?;
    let services = ready.stack.services_in(&lab.profile);
    let run = hidden(environment, lab, &ready, &services, reporter);
    run.begin();
    let outcome = if !is_under_way(&ready, lab) {
        let how = format!("it has not begun: obsbook challenge start {}", lab.id);
        Outcome::new(Verdict::Unsolved, how)
    } else {
        match interrupt.unless(run.judge()).await {
            None => Outcome::interrupted(),
            Some(Err(outcome)) => outcome,
            Some(Ok(())) => Outcome::passed(),
        }
    };
    let outcome = if outcome.verdict == Verdict::Passed {
        end(environment, lab, &ready).await?;
        outcome
    } else {
        outcome
    };
    reporter.emit(
        Some(&lab.id),
        Event::LabFinished {
            verdict: outcome.verdict,
            reason: outcome.reason.clone(),
            seen: outcome.seen.clone(),
            seconds: started.elapsed().as_secs_f64(),
        },
    );
    Ok(outcome)
}

/// Undoes a challenge's breakage, and everything else that can be found.
///
/// # Errors
/// The stack cannot be made whole.
pub async fn give_up(environment: &Environment<'_>, lab: &Lab) -> Result<(), PrepareError> {
    let Environment {
        preparation,
        book,
        reporter,
        ..
    } = environment;
    let ready = prepare::open_beside_hand_made(preparation, book, reporter).await?;
    end(environment, lab, &ready).await
}

async fn end(environment: &Environment<'_>, lab: &Lab, ready: &Ready) -> Result<(), PrepareError> {
    let stack = &ready.stack;
    for entry in owed(&ready.journal, lab).iter().rev() {
        entry.undo.apply(stack).await?;
        let mut journal = lock(&ready.journal);
        journal.remove(entry)?;
    }
    let mut on_line = |line: &str| environment.reporter.activity(line);
    make_whole(stack, &lab.profile, &mut on_line).await?;
    Ok(())
}

fn is_under_way(ready: &Ready, lab: &Lab) -> bool {
    !owed(&ready.journal, lab).is_empty()
}

/// The undos that a challenge owes.
fn owed(journal: &Mutex<Journal>, lab: &Lab) -> Vec<Entry> {
    let of_lab = |entry: &&Entry| entry.hidden && entry.lab == lab.id;
    let journal = lock(journal);
    journal.entries().iter().filter(of_lab).cloned().collect()
}

fn lock(journal: &Mutex<Journal>) -> std::sync::MutexGuard<'_, Journal> {
    // A panic while the journal was held leaves it as it is on disk.
    journal
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn hidden<'a>(
    environment: &'a Environment<'_>,
    lab: &'a Lab,
    ready: &'a Ready,
    services: &'a BTreeSet<String>,
    reporter: &'a Reporter,
) -> LabRun<'a> {
    LabRun {
        stack: &ready.stack,
        lab,
        journal: &ready.journal,
        reporter,
        interrupt: environment.interrupt,
        services,
        clock_offset: SignedDuration::ZERO,
        full_deadlines: false,
        broken_before: None,
        mend: None,
        hidden: true,
    }
}

/// Returns in words how long a breakage may last, if it ends by itself.
pub fn ends_after(lab: &Lab) -> Option<String> {
    let faults = lab.inject.iter().flatten();
    let ends = faults.into_iter().any(|fault| fault.kind.needs_fault_api());
    ends.then(|| obsbook_lab::duration::words(UNTIL_MENDED))
}
