//! The steady state, before the fault and again after it.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use jiff::Timestamp;
use obsbook_lab::event::Phase;
use obsbook_lab::verdict::Verdict;
use tokio::time::sleep;

use super::lab::{LabRun, Look, pause};
use super::outcome::{Outcome, Step};
use crate::probe::Baseline;

/// How many samples in a row make a state steady.
const SAMPLES: usize = 3;
/// How long "all containers healthy" may take.
const HEALTHY_WITHIN: Duration = Duration::from_secs(60);

/// The samples in a row in which one condition held.
#[derive(Default)]
struct Streak {
    length: usize,
    evidence: Option<Timestamp>,
    last: Option<Look>,
}

impl Streak {
    fn add(&mut self, look: Look) {
        let evidence = look.observation.evidence;
        if !look.observation.met {
            self.length = 0;
        } else if evidence.is_none() || evidence > self.evidence {
            // The same raw sample seen twice is one sample.
            self.length += 1;
        }
        self.evidence = evidence.max(self.evidence);
        self.last = Some(look);
    }
}

impl LabRun<'_> {
    /// Returns once every steady condition has held for three samples in a row, on evidence younger than `since`.
    ///
    /// A condition that stays false ends the lab with `if_false`; one that cannot be asked, as unsteady.
    pub(super) async fn steady(
        &self,
        phase: Phase,
        started: Instant,
        since: Option<Timestamp>,
        if_false: Verdict,
    ) -> Step<()> {
        if self.lab.steady.is_empty() {
            return self.all_healthy(started, if_false).await;
        }
        let nothing_counted = Baseline::default();
        let mut streaks: Vec<Streak> = self.lab.steady.iter().map(|_| Streak::default()).collect();
        loop {
            let conditions = self.lab.steady.iter();
            let looks =
                conditions.map(|condition| self.look(phase, condition, &nothing_counted, since));
            for (look, streak) in try_join_all(looks).await?.into_iter().zip(&mut streaks) {
                streak.add(look);
            }
            if streaks.iter().all(|streak| streak.length >= SAMPLES) {
                return Ok(());
            }
            let elapsed = started.elapsed();
            let late = self.lab.steady.iter().zip(&streaks);
            let late = late
                .into_iter()
                .find(|(condition, streak)| streak.length < SAMPLES && elapsed > condition.within);
            if let Some((condition, streak)) = late {
                let within = obsbook_lab::duration::words(condition.within);
                let what = format!("not steady within {within}");
                let look = streak.last.as_ref();
                let verdict = match look {
                    Some(look) if look.away => Verdict::Unsteady,
                    _ => if_false,
                };
                return Err(self.missed(verdict, &what, condition, look).await);
            }
            sleep(pause(elapsed)).await;
        }
    }

    /// The steady state of a lab that names none: every container that should run is healthy.
    async fn all_healthy(&self, started: Instant, if_false: Verdict) -> Step<()> {
        let mut in_a_row = 0;
        loop {
            let unready = self.unready().await?;
            self.tell_unready(&unready);
            in_a_row = if unready.is_empty() { in_a_row + 1 } else { 0 };
            if in_a_row == SAMPLES {
                return Ok(());
            }
            if started.elapsed() > HEALTHY_WITHIN {
                let mut outcome = Outcome::new(if_false, "not every container is healthy");
                outcome.seen = unready;
                return Err(outcome);
            }
            sleep(pause(started.elapsed())).await;
        }
    }

    /// Returns once every container that should run is ready: an earlier lab's victim may still be starting.
    pub(super) async fn all_running(&self) -> Step<()> {
        let started = Instant::now();
        loop {
            let unready = self.unready().await?;
            if unready.is_empty() {
                return Ok(());
            }
            self.tell_unready(&unready);
            if started.elapsed() > HEALTHY_WITHIN {
                let mut outcome = Outcome::new(
                    Verdict::Unsteady,
                    format!("the stack is not whole: {}", unready.join("; ")),
                );
                outcome
                    .seen
                    .push("bring it back with `obsbook reset`".to_owned());
                return Err(outcome);
            }
            sleep(pause(started.elapsed())).await;
        }
    }

    /// Shows a person at a terminal what is waited for.
    fn tell_unready(&self, unready: &[String]) {
        if !unready.is_empty() {
            let all = unready.join("; ");
            self.reporter
                .activity(&format!("{}  steady  {all}", self.lab.id));
        }
    }

    async fn unready(&self) -> Step<Vec<String>> {
        let signals = self.lab.signals();
        // What only holds or carries a signal that this lab does not read is none of its business.
        let matters = |service: &&String| match self.stack.signal_of(service) {
            Some(signal) => signals.contains(&signal),
            None => true,
        };
        let services = self.services.iter().filter(matters).cloned().collect();
        let unready = self.stack.unready(&services).await;
        unready.map_err(|error| Outcome::new(Verdict::Unsteady, error.to_string()))
    }
}
