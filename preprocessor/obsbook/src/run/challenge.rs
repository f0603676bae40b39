//! A challenge in the hands of its reader: broken unseen, judged when they say so, and whole again at its end.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use obsbook_lab::block::Lab;
use obsbook_lab::event::Event;
use obsbook_lab::verdict::Verdict;

use super::lab::{LabRun, UNTIL_MENDED};
use super::outcome::Outcome;
use super::suite::Environment;
use crate::prepare::{self, PrepareError, Ready, make_whole};
use crate::probe::Baseline;
use crate::report::{Progress, Reporter};
use crate::stack::{Entry, Journal};

/// A challenge counts as begun when its symptom shows; its faults are this much older at most.
const SYMPTOM_TOOK: Duration = Duration::from_secs(120);

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
    let opened = async {
        let mut ready = prepare::open(preparation, book, reporter).await?;
        let booted = prepare::boot(preparation, book, &mut ready, &lab.profile, reporter).await?;
        Ok::<_, PrepareError>((ready, booted))
    };
    // Images may have to be built first.
    let Some(opened) = environment.interrupt.unless(opened).await else {
        return Ok(Outcome::interrupted());
    };
    let (ready, booted) = opened?;
    // Its events name the faults.
    let silent = Reporter::new(Vec::new());
    let run = hidden(environment, lab, &ready, &booted.services, &silent).await;
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
    let run = hidden(environment, lab, &ready, &services, reporter).await;
    run.begin();
    let unsolved = |why: &str| {
        let how = format!("{why}: obsbook challenge start {}", lab.id);
        Outcome::new(Verdict::Unsolved, how)
    };
    let outcome = if owed(&ready.journal, lab).is_empty() {
        unsolved("it has not begun")
    } else if has_ended(&book.root, lab) {
        // Nobody mended what healed.
        end(environment, lab, &ready).await?;
        unsolved("its breakage has ended by itself")
    } else {
        match interrupt.unless(run.judge()).await {
            None => Outcome::interrupted(),
            Some(Err(outcome)) => outcome,
            Some(Ok(())) => {
                end(environment, lab, &ready).await?;
                Outcome::passed()
            }
        }
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

/// Whether the services have ended the breakage, or some of it, as their caps say. When it began is the reader's progress.
fn has_ended(root: &Path, lab: &Lab) -> bool {
    let progress = Progress::read(root).unwrap_or_default();
    let Some(started) = progress.of(&lab.id).started else {
        return false;
    };
    let age = Timestamp::now().duration_since(started).unsigned_abs();
    ends_after(lab).is_some() && age + SYMPTOM_TOOK >= UNTIL_MENDED
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

async fn hidden<'a>(
    environment: &'a Environment<'_>,
    lab: &'a Lab,
    ready: &'a Ready,
    services: &'a BTreeSet<String>,
    reporter: &'a Reporter,
) -> LabRun<'a> {
    let offset = ready.stack.engine().clock_offset().await;
    LabRun {
        stack: &ready.stack,
        lab,
        journal: &ready.journal,
        reporter,
        interrupt: environment.interrupt,
        services,
        clock_offset: offset.unwrap_or_default(),
        full_deadlines: false,
        original: None,
        broken_before: None,
        mend: None,
        hidden: true,
        busy: tokio::sync::Mutex::default(),
    }
}

/// Returns in words how long a breakage may last, if it ends by itself.
pub fn ends_after(lab: &Lab) -> Option<String> {
    let faults = lab.inject.iter().flatten();
    let ends = faults.into_iter().any(|fault| fault.kind.needs_fault_api());
    ends.then(|| obsbook_lab::duration::words(UNTIL_MENDED))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use obsbook_lab::block::{Fault, FaultKind};

    use super::*;
    use crate::book::LoadedBook;
    use crate::prepare::Preparation;
    use crate::run::fakes::lab_in;
    use crate::run::interrupt::Interrupt;

    #[tokio::test]
    async fn an_interrupted_start_waits_for_no_stack() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(root.path().join("src")).expect("made");
        for (file, text) in [("book.toml", ""), ("src/SUMMARY.md", "# Summary\n")] {
            std::fs::write(root.path().join(file), text).expect("written");
        }
        let interrupt = Interrupt::default();
        interrupt.set();
        let environment = Environment {
            book: &LoadedBook::load(root.path()).expect("a book"),
            preparation: &Preparation::default(),
            reporter: &Reporter::new(Vec::new()),
            interrupt: &interrupt,
            jobs: 1,
        };
        // Without a compose file there is no stack: an error would say so.
        let outcome = start(&environment, &lab_in("core")).await;
        assert_eq!(outcome.expect("an outcome"), Outcome::interrupted());
    }

    #[test]
    fn what_has_healed_by_itself_is_not_mended() {
        let root = tempfile::tempdir().expect("a folder");
        let check = |kind: FaultKind, minutes: i64, expected: bool| {
            let mut lab = lab_in("core");
            lab.inject = Some(vec![Fault {
                service: "b".to_owned(),
                kind: kind.clone(),
            }]);
            let started = Timestamp::now() - SignedDuration::from_mins(minutes);
            Progress::change(root.path(), &lab.id, |steps| steps.started = Some(started))
                .expect("progress");
            let ended = has_ended(root.path(), &lab);
            assert_eq!(ended, expected, "{kind:?}, {minutes} minutes ago");
        };
        check(FaultKind::Stall, 5, false);
        check(FaultKind::Stall, 31, true);
        check(FaultKind::Pause, 31, false);
    }
}
