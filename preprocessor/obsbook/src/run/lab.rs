//! One lab from its steady state back to its steady state.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::{Condition, Fault, Lab};
use obsbook_lab::event::{Event, Phase};
use obsbook_lab::plan;
use obsbook_lab::verdict::Verdict;
use tokio::time::sleep;

use super::interrupt::Interrupt;
use super::mend::Mend;
use super::original::Original;
use super::outcome::{Outcome, Step};
use super::undo::worse;
use crate::fault::{InjectError, Undo, inject_undoable};
use crate::probe::{Baseline, Observation, ProbeError, explain, observe};
use crate::report::Reporter;
use crate::stack::{Entry, Journal, Stack};

/// How long faults last that somebody else is to undo and that services end by themselves: as long as their caps let them.
pub(super) const UNTIL_MENDED: Duration = Duration::from_secs(1800);

/// One lab's run on a stack that is ready.
pub struct LabRun<'a> {
    /// The stack.
    pub stack: &'a Stack,
    /// The lab.
    pub lab: &'a Lab,
    /// The journal of the stack.
    pub journal: &'a Mutex<Journal>,
    /// Where events go.
    pub reporter: &'a Reporter,
    /// Who may ask the run to end.
    pub interrupt: &'a Interrupt,
    /// The services that should be running.
    pub services: &'a BTreeSet<String>,
    /// The engine's clock minus ours.
    pub clock_offset: SignedDuration,
    /// Whether every expectation gets its whole time even when one has failed already, as a proof wants it.
    pub full_deadlines: bool,
    /// Of a lab with a mistake, the lab without it: where that would go on, waiting longer shows nothing.
    pub original: Option<&'a Original>,
    /// A fault to inject before the steady state is looked at, as the proof of an observation wants it.
    pub broken_before: Option<Fault>,
    /// Of a challenge: what is done once its symptom shows, before the stack is judged.
    pub mend: Option<Mend>,
    /// Whether faults stay for a reader to find, who must not see what they are.
    pub hidden: bool,
    /// Held while a fault is being put in place: what has begun there ends before anything is undone.
    pub busy: tokio::sync::Mutex<()>,
}

impl LabRun<'_> {
    /// Runs the lab and returns how it ended. Whatever happens in between, every fault is undone first.
    pub async fn run(&self) -> Outcome {
        let started = Instant::now();
        self.begin();
        let outcome = match AssertUnwindSafe(self.outcome()).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => match self.undo_all().await {
                Ok(()) => panicked(),
                Err(left) => worse(panicked(), left),
            },
        };
        self.emit(Event::LabFinished {
            verdict: outcome.verdict,
            reason: outcome.reason.clone(),
            seen: outcome.seen.clone(),
            seconds: started.elapsed().as_secs_f64(),
        });
        outcome
    }

    pub(super) fn begin(&self) {
        self.emit(Event::LabStarted {
            title: self.lab.title.clone(),
            file: self.lab.file.display().to_string(),
            line: self.lab.at.line,
            conditions: plan::conditions(self.lab),
        });
    }

    async fn outcome(&self) -> Outcome {
        if let Some(fault) = &self.broken_before {
            return self.observation_under(fault).await;
        }
        if !self.lab.console.is_empty() {
            let typed = self.interrupt.unless(self.console()).await;
            return match typed {
                None => Outcome::interrupted(),
                Some(Err(outcome)) => outcome,
                Some(Ok(())) => Outcome::passed(),
            };
        }
        // Nothing is changed yet, so this part may be dropped at any moment.
        match self.interrupt.unless(self.settle()).await {
            None => return Outcome::interrupted(),
            Some(Err(outcome)) => return outcome,
            Some(Ok(())) => {}
        }
        let Some(faults) = &self.lab.inject else {
            return Outcome::passed();
        };
        let broken_from = self.stack_time();
        let baseline = match self.guarded(self.compare()).await {
            Ok(baseline) => baseline,
            // With a starter in place there is something to take back.
            Err(outcome) if self.lab.exercise.is_some() => {
                let nothing_counted = Baseline::default();
                return self
                    .undo_and_recover(outcome, &nothing_counted, broken_from)
                    .await;
            }
            Err(outcome) => return outcome,
        };
        let broken_from = self.stack_time();
        let (outcome, broken_at) = self.break_and_watch(faults, &baseline).await;
        let broken_at = broken_at.unwrap_or(broken_from);
        let outcome = self.undo_and_recover(outcome, &baseline, broken_at).await;
        // An interrupt has waited for the undo already.
        if !self.interrupt.is_set() {
            self.tell_series(broken_from).await;
        }
        outcome
    }

    /// The steady state.
    pub(super) async fn settle(&self) -> Step<()> {
        self.all_running().await?;
        let started = Instant::now();
        let if_false = match self.lab.inject {
            // It claims nothing else.
            None => Verdict::Failed,
            Some(_) => Verdict::Unsteady,
        };
        self.steady(Phase::Steady, started, None, if_false).await?;
        self.emit(Event::SteadyHeld {
            seconds: started.elapsed().as_secs_f64(),
        });
        Ok(())
    }

    /// The negative control; of an exercise, with the file as it is handed out.
    pub(super) async fn compare(&self) -> Step<Baseline> {
        if let Some(exercise) = &self.lab.exercise {
            self.hand_out(exercise).await?;
        }
        let baseline = self.baseline().await?;
        let started = Instant::now();
        self.control(&baseline).await?;
        self.emit(Event::ControlHeld {
            seconds: started.elapsed().as_secs_f64(),
        });
        Ok(baseline)
    }

    /// Runs a part of the lab that changes the stack. A panic in here must not keep the undo from happening.
    pub(super) async fn guarded<T>(&self, work: impl Future<Output = Step<T>>) -> Step<T> {
        let work = async {
            tokio::select! {
                biased;
                () = self.between_faults(self.interrupt.asked()) => Err(Outcome::interrupted()),
                result = work => result,
            }
        };
        let guarded = AssertUnwindSafe(Box::pin(work)).catch_unwind();
        guarded.await.unwrap_or_else(|_| Err(panicked()))
    }

    /// Returns what `event` does, once no fault is being put in place: what is cut off there may still come into effect, after its undo.
    async fn between_faults<T>(&self, event: impl Future<Output = T>) -> T {
        let happened = event.await;
        let _idle = self.busy.lock().await;
        happened
    }

    /// Faults in, expectations watched; when all faults were in place is returned with a pass.
    async fn break_and_watch(
        &self,
        faults: &[Fault],
        baseline: &Baseline,
    ) -> (Outcome, Option<Timestamp>) {
        let work = async {
            tokio::select! {
                violation = self.between_faults(self.watch_always(baseline)) => Err(violation),
                result = self.act(faults, baseline) => result,
            }
        };
        let work = async {
            let broken_at = work.await?;
            self.still_holds(baseline).await?;
            Ok(broken_at)
        };
        match self.guarded(work).await {
            Ok(broken_at) => (Outcome::passed(), Some(broken_at)),
            Err(outcome) => (outcome, None),
        }
    }

    async fn act(&self, faults: &[Fault], baseline: &Baseline) -> Step<Timestamp> {
        let injected_from = self.stack_time();
        if let Some(exercise) = &self.lab.exercise {
            self.apply(exercise).await?;
        }
        self.inject_all(faults).await?;
        let (injected, broken_at) = (Instant::now(), self.stack_time());
        let expected = self.expect_all(baseline, injected_from, injected).await;
        if let Some(mend) = &self.mend {
            self.mend(mend, expected).await?;
            return Ok(broken_at);
        }
        expected?;
        let watched = self
            .lab
            .expect
            .iter()
            .filter_map(|condition| Some((condition, condition.always.as_ref()?)));
        for (condition, always) in watched {
            // The watch goes on beside this: it ends the lab when the condition is false.
            sleep(always.at_least.saturating_sub(injected.elapsed())).await;
            self.emit(Event::ExpectationMet {
                phase: Phase::Expect,
                condition: format!("always {condition}"),
                after: injected.elapsed().as_secs_f64(),
            });
        }
        Ok(broken_at)
    }

    /// Puts every fault in place, its undo on disk before it.
    pub(super) async fn inject_all(&self, faults: &[Fault]) -> Step<()> {
        // Nobody knows beforehand how long it takes to mend the stack, or to see that it is broken.
        let is_open_ended = self.hidden || self.mend.is_some() || self.broken_before.is_some();
        let time_to_live = if is_open_ended {
            UNTIL_MENDED
        } else {
            plan::time_to_live(self.lab)
        };
        for fault in faults {
            let _busy = self.busy.lock().await;
            let undo = self.journal_undo(fault).await?;
            let injected = inject_undoable(self.stack, fault, &undo, time_to_live).await;
            injected.map_err(|error| refused(fault, &error))?;
            self.emit(Event::FaultInjected {
                fault: fault.clone(),
            });
        }
        Ok(())
    }

    /// Returns once what takes `fault` back is on disk.
    pub(super) async fn journal_undo(&self, fault: &Fault) -> Step<Undo> {
        let undo = Undo::before(self.stack, fault).await;
        let undo = undo.map_err(|error| refused(fault, &error))?;
        let entry = Entry {
            run: self.reporter.run().to_owned(),
            lab: self.lab.id.clone(),
            by_hand: self.hidden,
            hidden: self.hidden,
            fault: fault.clone(),
            undo: undo.clone(),
        };
        let kept = self.journal().add(entry);
        kept.map_err(|error| {
            Outcome::new(Verdict::Unsteady, format!("nothing was injected: {error}"))
        })?;
        self.emit(Event::FaultJournaled {
            fault: fault.clone(),
        });
        Ok(undo)
    }

    async fn baseline(&self) -> Step<Baseline> {
        let containers = self.stack.containers().await;
        let containers =
            containers.map_err(|error| Outcome::new(Verdict::Unsteady, error.to_string()))?;
        Ok(Baseline {
            since: Some(self.stack_time()),
            restarts: containers
                .into_iter()
                .map(|container| (container.service, container.restarts))
                .collect(),
        })
    }

    /// Looks at one condition and tells the reporter. A source that is away is `Ok`: it may come back.
    pub(super) async fn look(
        &self,
        phase: Phase,
        condition: &Condition,
        baseline: &Baseline,
        since: Option<Timestamp>,
    ) -> Step<Look> {
        // On the heap: several looks are under way at the same time, within what is a deep future already.
        let asked = Box::pin(observe(
            self.stack,
            condition,
            baseline.on_clock(self.clock_offset),
            since,
        ));
        let look = match asked.await {
            Ok(observation) => Look {
                observation,
                away: false,
            },
            Err(ProbeError::Invalid(message)) => {
                let mut outcome = Outcome::new(Verdict::Invalid, message);
                outcome.seen.push(format!(
                    "{}:{}:{}: {condition}",
                    self.lab.file.display(),
                    condition.at.line,
                    condition.at.column
                ));
                return Err(outcome);
            }
            Err(error) => Look {
                observation: Observation {
                    met: false,
                    value: None,
                    seen: error.to_string(),
                    evidence: None,
                },
                away: true,
            },
        };
        self.emit(Event::Observation {
            phase,
            condition: condition.to_string(),
            met: look.observation.met,
            value: look.observation.value.filter(|value| value.is_finite()),
            seen: look.observation.seen.clone(),
        });
        Ok(look)
    }

    /// Returns an outcome for a condition that did not come out as it should, with what was seen instead.
    pub(super) async fn missed(
        &self,
        verdict: Verdict,
        what: &str,
        condition: &Condition,
        last: Option<&Look>,
    ) -> Outcome {
        let mut outcome = Outcome::new(verdict, format!("{what}: {condition}"));
        let place = format!(
            "{}:{}:{}",
            self.lab.file.display(),
            condition.at.line,
            condition.at.column
        );
        if let Some(look) = last {
            outcome
                .seen
                .push(format!("at {place}: last seen: {}", look.observation.seen));
        }
        let nearby = Box::pin(explain(self.stack, condition));
        outcome.seen.extend(nearby.await);
        outcome
    }

    /// Returns the present on the stack's clock.
    pub(super) fn stack_time(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.clock_offset).unwrap_or(now)
    }

    pub(super) fn emit(&self, event: Event) {
        self.reporter.emit(Some(&self.lab.id), event);
    }

    pub(super) fn journal(&self) -> std::sync::MutexGuard<'_, Journal> {
        // A panic while the journal was held leaves it as it is on disk.
        self.journal
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn panicked() -> Outcome {
    Outcome::new(
        Verdict::Failed,
        "obsbook itself panicked; its message is above",
    )
}

fn refused(fault: &Fault, error: &InjectError) -> Outcome {
    let verdict = if error.is_invalid() {
        Verdict::Invalid
    } else {
        Verdict::Unsteady
    };
    Outcome::new(verdict, format!("failed to {fault}: {error}"))
}

/// One look at a condition.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) observation: Observation,
    /// Whether the data source did not answer.
    pub(super) away: bool,
}

/// How long to wait before the next look: often at first, when most conditions come true, then less; never so long that what is
/// there to be seen is seen half a second late.
pub(super) fn pause(elapsed: Duration) -> Duration {
    Duration::from_millis(match elapsed.as_secs() {
        0..5 => 200,
        _ => 400,
    })
}
