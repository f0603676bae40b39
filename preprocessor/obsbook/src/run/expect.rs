//! Expectations: false before the fault, true after it, on evidence of this run.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use obsbook_lab::block::Condition;
use obsbook_lab::event::{Event, Phase};
use obsbook_lab::verdict::Verdict;
use tokio::time::sleep;

use super::lab::{LabRun, Look, pause};
use super::outcome::{Outcome, Step};
use crate::probe::Baseline;

impl LabRun<'_> {
    /// The negative control: returns once every expectation is false in one and the same round.
    pub(super) async fn control(&self, baseline: &Baseline) -> Step<()> {
        let started = Instant::now();
        let steady = self
            .lab
            .steady
            .iter()
            .map(|condition| condition.within)
            .max();
        let deadline = steady.unwrap_or(Duration::from_secs(60));
        self.always_holds_before(baseline, deadline).await?;
        let mut counted = baseline.clone();
        loop {
            let mut still_true = None;
            for condition in self.expectations() {
                let look = self.look(Phase::Control, condition, &counted, None).await?;
                if look.away && started.elapsed() > deadline {
                    return Err(self
                        .missed(
                            Verdict::Unsteady,
                            "cannot be asked before the fault",
                            condition,
                            Some(&look),
                        )
                        .await);
                }
                if look.observation.met || look.away {
                    still_true = Some((condition, look));
                }
            }
            let Some((condition, look)) = still_true else {
                return Ok(());
            };
            if started.elapsed() > deadline {
                let what = "true before anything was broken, so it proves nothing";
                return Err(self
                    .missed(Verdict::Vacuous, what, condition, Some(&look))
                    .await);
            }
            // A number of lines that was reached stays reached: it is counted anew, as a query's value changes.
            counted.since = Some(self.stack_time());
            sleep(pause(started.elapsed())).await;
        }
    }

    /// Polls every expectation until it is true, or until its time, counted from `injected`, is up.
    pub(super) async fn expect_all(
        &self,
        baseline: &Baseline,
        since: Timestamp,
        injected: Instant,
    ) -> Step<()> {
        let pending: Vec<_> = self.expectations().collect();
        self.until_true(Phase::Expect, pending, baseline, since, injected)
            .await
    }

    /// What must become true by the undo; each was false just before it.
    pub(super) async fn after_all(
        &self,
        baseline: &Baseline,
        since: Timestamp,
        undone: Instant,
    ) -> Step<()> {
        let pending: Vec<_> = self.lab.after.iter().collect();
        self.until_true(Phase::After, pending, baseline, since, undone)
            .await
    }

    /// Looks at each `after` condition once, just before the undo: one that is true already proves nothing.
    ///
    /// Lines, traces and notifications count from `broken_at`, when every fault was in place: what came while they were
    /// being put there may have come before them.
    pub(super) async fn after_control(
        &self,
        baseline: &Baseline,
        broken_at: Timestamp,
    ) -> Step<()> {
        for condition in &self.lab.after {
            let look = self
                .look(Phase::Control, condition, baseline, Some(broken_at))
                .await?;
            if look.observation.met {
                let what = "true before the fault was undone, so it proves nothing";
                return Err(self
                    .missed(Verdict::Vacuous, what, condition, Some(&look))
                    .await);
            }
        }
        Ok(())
    }

    fn expectations(&self) -> impl Iterator<Item = &Condition> {
        self.lab
            .expect
            .iter()
            .filter(|condition| condition.always.is_none())
    }

    async fn until_true(
        &self,
        phase: Phase,
        mut pending: Vec<&Condition>,
        baseline: &Baseline,
        since: Timestamp,
        from: Instant,
    ) -> Step<()> {
        let mut first_miss: Option<Outcome> = None;
        while !pending.is_empty() {
            let mut still = Vec::new();
            for condition in pending {
                // What is true of a moment after the deadline came too late, however early the next look would have been.
                let in_time = from.elapsed() <= condition.within;
                let look = self.look(phase, condition, baseline, Some(since)).await?;
                if look.observation.met && in_time {
                    let after = from.elapsed().as_secs_f64();
                    self.emit(Event::ExpectationMet {
                        phase,
                        condition: condition.to_string(),
                        after,
                    });
                } else if !in_time {
                    let outcome = self.too_late(phase, condition, &look).await;
                    if !self.full_deadlines {
                        return Err(outcome);
                    }
                    first_miss.get_or_insert(outcome);
                } else {
                    still.push(condition);
                }
            }
            pending = still;
            if !pending.is_empty() {
                sleep(pause(from.elapsed())).await;
            }
        }
        first_miss.map_or(Ok(()), Err)
    }

    async fn too_late(&self, phase: Phase, condition: &Condition, look: &Look) -> Outcome {
        let within = obsbook_lab::duration::words(condition.within);
        let what = match phase {
            Phase::After => format!("not true within {within} of the undo"),
            _ => format!("not true within {within} of the fault"),
        };
        let verdict = match phase {
            _ if look.away => Verdict::Unsteady,
            Phase::After => Verdict::Unrecovered,
            _ => Verdict::Failed,
        };
        self.missed(verdict, &what, condition, Some(look)).await
    }
}
