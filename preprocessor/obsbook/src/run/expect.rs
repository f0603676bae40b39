//! Expectations: false before the fault, true after it, on evidence of this run.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use jiff::Timestamp;
use obsbook_lab::block::{Condition, Probe};
use obsbook_lab::event::{Event, Phase};
use obsbook_lab::verdict::Verdict;
use tokio::time::sleep;

use super::lab::{LabRun, Look, pause};
use super::original::HeldUp;
use super::outcome::{Outcome, Step};
use crate::probe::Baseline;

/// What an answer may take beyond the deadline when the question was in time: what a quick one takes anyway.
const TOLERANCE: Duration = Duration::from_millis(500);

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
        let mut held_up = HeldUp::default();
        loop {
            let mut still_true = None;
            let looks = self
                .expectations()
                .map(|condition| self.look(Phase::Control, condition, &counted, None));
            let looks = try_join_all(looks).await?;
            for (condition, look) in self.expectations().zip(looks) {
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
            if started.elapsed() > deadline || self.held_up(&counted, &mut held_up).await {
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

    /// Each condition is asked by itself: one whose answer takes long keeps no other from being seen in time.
    async fn until_true(
        &self,
        phase: Phase,
        conditions: Vec<&Condition>,
        baseline: &Baseline,
        since: Timestamp,
        from: Instant,
    ) -> Step<()> {
        let waits = conditions
            .iter()
            .map(|condition| self.until_one(phase, condition, baseline, since, from));
        if self.full_deadlines {
            let ended = join_all(waits).await;
            return self.each_ended(phase, &conditions, ended);
        }
        tokio::select! {
            ended = try_join_all(waits) => ended.map(drop),
            mistake = self.original_goes_on(phase, baseline, since) => Err(mistake),
        }
    }

    /// What comes true with nothing broken says nothing of a fault, whatever the other expectations do.
    fn each_ended(
        &self,
        phase: Phase,
        conditions: &[&Condition],
        ended: Vec<Step<()>>,
    ) -> Step<()> {
        let nothing_broken = self.lab.inject.as_ref().is_some_and(Vec::is_empty);
        // What could not be asked says nothing of the rest, and comes first.
        let silent =
            |step: &Step<()>| matches!(step, Err(outcome) if outcome.verdict != Verdict::Failed);
        if let Some(place) = ended.iter().position(silent) {
            return ended.into_iter().nth(place).unwrap_or(Ok(()));
        }
        if phase == Phase::Expect && nothing_broken && self.lab.exercise.is_none() {
            let mut all = conditions.iter().zip(&ended);
            if let Some((condition, _)) = all.find(|(_, step)| step.is_ok()) {
                let what =
                    format!("true though nothing was broken, so it proves nothing: {condition}");
                return Err(Outcome::new(Verdict::Vacuous, what));
            }
        }
        ended.into_iter().collect()
    }

    async fn until_one(
        &self,
        phase: Phase,
        condition: &Condition,
        baseline: &Baseline,
        since: Timestamp,
        from: Instant,
    ) -> Step<()> {
        loop {
            // What is true of a moment after the deadline came too late, however early the next look would have been.
            let asked_in_time = from.elapsed() <= condition.within;
            let look = self.look(phase, condition, baseline, Some(since)).await?;
            let answered = from.elapsed();
            let in_time =
                asked_in_time && (!acts(condition) || answered <= condition.within + TOLERANCE);
            if look.observation.met && in_time {
                self.emit(Event::ExpectationMet {
                    phase,
                    condition: condition.to_string(),
                    after: answered.as_secs_f64(),
                });
                return Ok(());
            }
            if !in_time {
                return Err(self.too_late(phase, condition, &look).await);
            }
            sleep(pause(from.elapsed())).await;
        }
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

/// Whether looking is doing: the answer is about the time until it came, not about the moment of the question.
fn acts(condition: &Condition) -> bool {
    matches!(
        condition.probe,
        Probe::Http { .. } | Probe::Run { .. } | Probe::Sql { .. }
    )
}
