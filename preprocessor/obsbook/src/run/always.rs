//! Expectations that must never be false: watched from before the fault until all others have ended.

use std::time::{Duration, Instant};

use obsbook_lab::block::Condition;
use obsbook_lab::event::Phase;
use obsbook_lab::verdict::Verdict;
use tokio::time::sleep;

use super::lab::{LabRun, pause};
use super::outcome::{Outcome, Step};
use crate::probe::Baseline;

impl LabRun<'_> {
    /// What must always hold does so before the fault, or comes to within `patience`: until then it is the environment's doing.
    pub(super) async fn always_holds_before(
        &self,
        baseline: &Baseline,
        patience: Duration,
    ) -> Step<()> {
        let started = Instant::now();
        for condition in self.watched() {
            loop {
                let look = self.look(Phase::Control, condition, baseline, None).await?;
                if look.observation.met {
                    break;
                }
                if started.elapsed() > patience {
                    let what = "must always hold, but was false before anything was broken";
                    return Err(self
                        .missed(Verdict::Unsteady, what, condition, Some(&look))
                        .await);
                }
                sleep(pause(started.elapsed())).await;
            }
        }
        Ok(())
    }

    /// Returns only when a watched expectation was seen to be false.
    pub(super) async fn watch_always(&self, baseline: &Baseline) -> Outcome {
        let started = Instant::now();
        if self.watched().next().is_none() {
            return std::future::pending().await;
        }
        loop {
            for condition in self.watched() {
                let look = match self.look(Phase::Expect, condition, baseline, None).await {
                    Ok(look) => look,
                    Err(outcome) => return outcome,
                };
                if look.away {
                    return self
                        .missed(Verdict::Unsteady, "cannot be asked", condition, Some(&look))
                        .await;
                }
                if !look.observation.met {
                    let after = started.elapsed().as_secs_f64();
                    let what = format!("must always hold, but was false after {after:.1} s");
                    return self
                        .missed(Verdict::Failed, &what, condition, Some(&look))
                        .await;
                }
            }
            sleep(pause(started.elapsed())).await;
        }
    }

    fn watched(&self) -> impl Iterator<Item = &Condition> {
        self.lab
            .expect
            .iter()
            .filter(|condition| condition.always.is_some())
    }
}
