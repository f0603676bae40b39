//! Expectations that must never be false: watched from before the fault until all others have ended.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use obsbook_lab::block::Condition;
use obsbook_lab::event::Phase;
use obsbook_lab::verdict::Verdict;
use tokio::time::sleep;

use super::lab::{LabRun, pause};
use super::original::HeldUp;
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
        let mut held_up = HeldUp::default();
        for condition in self.watched() {
            loop {
                let look = self.look(Phase::Control, condition, baseline, None).await?;
                if look.observation.met {
                    break;
                }
                if self.held_up(baseline, &mut held_up).await {
                    let what = "must always hold, but is false where the lab as it stands goes on";
                    return Err(self
                        .missed(Verdict::Failed, what, condition, Some(&look))
                        .await);
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
        let watches = self.watched().map(async |condition| {
            loop {
                self.still_true(condition, baseline, started).await?;
                sleep(pause(started.elapsed())).await;
            }
        });
        match try_join_all(watches).await {
            Err(outcome) => outcome,
            // Nothing is watched.
            Ok::<Vec<Infallible>, _>(_) => std::future::pending().await,
        }
    }

    /// Looks at each watched expectation once more, however long that takes: a look that the end of the watch cut off may have been
    /// the one that saw it false.
    pub(super) async fn still_holds(&self, baseline: &Baseline) -> Step<()> {
        let started = Instant::now();
        let looks = self
            .watched()
            .map(|condition| self.still_true(condition, baseline, started));
        try_join_all(looks).await.map(drop)
    }

    async fn still_true(
        &self,
        condition: &Condition,
        baseline: &Baseline,
        started: Instant,
    ) -> Step<()> {
        let look = self.look(Phase::Expect, condition, baseline, None).await?;
        let (verdict, what) = if look.away {
            (Verdict::Unsteady, "cannot be asked".to_owned())
        } else if !look.observation.met {
            let after = started.elapsed().as_secs_f64();
            let what = format!("must always hold, but was false after {after:.1} s");
            (Verdict::Failed, what)
        } else {
            return Ok(());
        };
        Err(self.missed(verdict, &what, condition, Some(&look)).await)
    }

    fn watched(&self) -> impl Iterator<Item = &Condition> {
        self.lab
            .expect
            .iter()
            .filter(|condition| condition.always.is_some())
    }
}
