//! Taking every fault back and returning to the steady state: it always happens, and is never interrupted.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use obsbook_lab::block::{Fault, FaultKind};
use obsbook_lab::event::{Event, Phase};
use obsbook_lab::verdict::Verdict;
use tokio::time::sleep;

use super::lab::{LabRun, pause};
use super::mend::Mend;
use super::outcome::{Outcome, Step};
use crate::probe::Baseline;
use crate::stack::Entry;

/// How often, and how long apart, an undo is tried: a container may be between two states.
const TRIES: usize = 6;
const BETWEEN: Duration = Duration::from_secs(2);

impl LabRun<'_> {
    /// Undoes the lab's faults, waits for what the undo must bring, and returns the final outcome.
    ///
    /// `broken_at` is the moment at which every fault was in place, on the stack's clock.
    pub(super) async fn undo_and_recover(
        &self,
        outcome: Outcome,
        baseline: &Baseline,
        broken_at: Timestamp,
    ) -> Outcome {
        let mut outcome = outcome;
        if outcome.verdict == Verdict::Passed
            && let Err(vacuous) = self.after_control(baseline, broken_at).await
        {
            outcome = vacuous;
        }
        let mut undone_from = self.stack_time();
        // What a reader wrote stays until the undo of the faults has shown what it must.
        if let Err(unrecovered) = self.undo(|entry| !is_edit(entry)).await {
            let _ = self.undo(is_edit).await;
            return worse(outcome, unrecovered);
        }
        let mut undone = Instant::now();
        // What a script did is in no journal.
        if matches!(self.mend, Some(Mend::Script(_)))
            && let Err(unrecovered) = self.make_whole().await
        {
            return worse(outcome, unrecovered);
        }
        if outcome.verdict == Verdict::Passed
            && let Err(mut late) = self.after_all(baseline, undone_from, undone).await
        {
            // What a reader wrote did not do what it must; the stack has nothing to recover from.
            if self.lab.exercise.is_some() && late.verdict == Verdict::Unrecovered {
                late.verdict = Verdict::Failed;
            }
            outcome = late;
        }
        if self.lab.exercise.is_some() {
            undone_from = self.stack_time();
            if let Err(unrecovered) = self.undo(is_edit).await {
                return worse(outcome, unrecovered);
            }
            undone = Instant::now();
        }
        // It has its own time: what `after` waited for is none of its business.
        let held = self.steady(
            Phase::Recover,
            Instant::now(),
            Some(undone_from),
            Verdict::Unrecovered,
        );
        match held.await {
            Ok(()) => {
                self.emit(Event::SteadyRestored {
                    seconds: undone.elapsed().as_secs_f64(),
                });
                outcome
            }
            Err(mut missed) => {
                missed.verdict = Verdict::Unrecovered;
                let reason = missed.reason.unwrap_or_default();
                missed.reason = Some(format!("the faults are undone, but the stack is {reason}"));
                worse(outcome, missed)
            }
        }
    }

    /// Undoes what the journal holds of this lab, the newest fault first.
    pub(super) async fn undo_all(&self) -> Step<()> {
        self.undo(|_| true).await
    }

    async fn undo(&self, wanted: impl Fn(&Entry) -> bool) -> Step<()> {
        let owed: Vec<Entry> = {
            let journal = self.journal();
            let ours = |entry: &&Entry| {
                entry.run == self.reporter.run() && entry.lab == self.lab.id && wanted(entry)
            };
            journal.entries().iter().filter(ours).cloned().collect()
        };
        let mut left = Vec::new();
        for entry in owed.iter().rev() {
            match self.undo_one(entry).await {
                Ok(()) => self.emit(Event::FaultUndone {
                    fault: entry.fault.clone(),
                }),
                Err(reason) => left.push(format!("{} is still in place: {reason}", entry.fault)),
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let mut outcome = Outcome::new(Verdict::Unrecovered, "a fault could not be undone");
        outcome.seen = left;
        outcome.seen.push("it stays in the journal: the next command that touches the stack tries again, or run `obsbook reset`".to_owned());
        Err(outcome)
    }

    async fn undo_one(&self, entry: &Entry) -> Result<(), String> {
        let mut reason = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                sleep(BETWEEN).await;
            }
            match entry.undo.apply(self.stack).await {
                Ok(()) => {
                    // A journal that cannot be written only means that the undo is done once more.
                    if let Err(error) = self.journal().remove(entry) {
                        self.reporter.progress(&error.to_string());
                    }
                    return Ok(());
                }
                Err(error) => reason = error.to_string(),
            }
        }
        Err(reason)
    }

    /// The proof of an observation: under its fault at least one of its conditions must fail.
    pub(super) async fn observation_under(&self, fault: &Fault) -> Outcome {
        let before = self.interrupt.unless(async {
            self.all_running().await?;
            let started = Instant::now();
            self.steady(Phase::Steady, started, None, Verdict::Unsteady)
                .await
        });
        match before.await {
            None => return Outcome::interrupted(),
            Some(Err(outcome)) => return outcome,
            Some(Ok(())) => {}
        }
        let baseline = Baseline::default();
        let broken_at = self.stack_time();
        let work = async {
            self.inject_all(std::slice::from_ref(fault)).await?;
            self.until_any_fails(&baseline).await
        };
        let outcome = match self.guarded(work).await {
            Ok(()) => Outcome::passed(),
            Err(outcome) => outcome,
        };
        self.undo_and_recover(outcome, &baseline, broken_at).await
    }

    async fn until_any_fails(&self, baseline: &Baseline) -> Step<()> {
        let injected = Instant::now();
        let longest = self
            .lab
            .steady
            .iter()
            .map(|condition| condition.within)
            .max()
            .unwrap_or_default();
        let mut silent = None;
        while injected.elapsed() <= longest {
            silent = None;
            for condition in &self.lab.steady {
                let look = self.look(Phase::Expect, condition, baseline, None).await?;
                if look.away {
                    // A source that says nothing does not say that the condition is false.
                    silent = Some((condition, look));
                } else if !look.observation.met {
                    return Err(self
                        .missed(Verdict::Failed, "does not hold", condition, Some(&look))
                        .await);
                }
            }
            sleep(pause(injected.elapsed())).await;
        }
        match silent {
            None => Ok(()),
            Some((condition, look)) => {
                let what = "cannot be asked under the fault that disproves it";
                Err(self
                    .missed(Verdict::Unsteady, what, condition, Some(&look))
                    .await)
            }
        }
    }
}

fn is_edit(entry: &Entry) -> bool {
    matches!(entry.fault.kind, FaultKind::Edit { .. })
}

/// A stack that did not recover matters more than what the lab showed; both are said.
pub(super) fn worse(outcome: Outcome, unrecovered: Outcome) -> Outcome {
    if outcome.verdict == Verdict::Passed {
        return unrecovered;
    }
    let mut both = unrecovered;
    let reasons = [
        both.reason.unwrap_or_default(),
        outcome.reason.unwrap_or_default(),
    ];
    both.reason = Some(format!(
        "{}; before that, {}: {}",
        reasons[0], outcome.verdict, reasons[1]
    ));
    both.seen.extend(outcome.seen);
    both
}
