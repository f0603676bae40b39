//! A lab with a mistake beside the lab as it stands: what keeps the one from breaking anything, while the other would, is the mistake.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, pending};
use jiff::Timestamp;
use obsbook_lab::block::{Condition, Lab};
use obsbook_lab::event::Phase;
use obsbook_lab::verdict::Verdict;
use tokio::time::sleep;

use super::lab::{LabRun, pause};
use super::outcome::Outcome;
use crate::probe::{Baseline, ProbeError, observe};

/// The lab without the mistake.
#[derive(Debug, Clone, PartialEq)]
pub struct Original {
    /// The lab.
    pub lab: Lab,
    /// Whether the mistake asks for what nobody has, so that nothing ever makes it come true.
    pub is_hopeless: bool,
}

/// For so long at least the lab as it stands would have gone on, before the one with the mistake is given up.
const ENOUGH: Duration = Duration::from_secs(10);

/// Since when the lab as it stands would go on.
#[derive(Debug, Default)]
pub(super) struct HeldUp(Option<Instant>);

impl LabRun<'_> {
    /// Looks once at what the lab without the mistake looks at before its fault, and returns whether it would have gone on for long
    /// enough. `false` for a lab that has no mistake.
    pub(super) async fn held_up(&self, baseline: &Baseline, since: &mut HeldUp) -> bool {
        let Some(original) = self.original else {
            return false;
        };
        let looks = original.lab.expect.iter().map(async |condition| {
            let baseline = baseline.on_clock(self.clock_offset);
            let look = observe(self.stack, condition, baseline, None).await?;
            Ok::<bool, ProbeError>(look.met == condition.always.is_some())
        });
        let looks = Box::pin(join_all(looks)).await;
        if !looks.into_iter().all(|look| look.unwrap_or(false)) {
            since.0 = None;
            return false;
        }
        since.0.get_or_insert_with(Instant::now).elapsed() >= ENOUGH
    }

    /// Returns once what the lab without the mistake waits for in `phase` has come true, and long enough ago. Never for a lab that has
    /// no mistake, or one that could still come true by its deadline, nor for a phase in which it waits for nothing.
    pub(super) async fn original_goes_on(
        &self,
        phase: Phase,
        baseline: &Baseline,
        since: Timestamp,
    ) -> Outcome {
        let Some(original) = self.original.filter(|original| original.is_hopeless) else {
            return pending().await;
        };
        let (conditions, verdict) = match phase {
            Phase::After => (&original.lab.after, Verdict::Unrecovered),
            _ => (&original.lab.expect, Verdict::Failed),
        };
        let mut waiting: Vec<&Condition> = conditions
            .iter()
            .filter(|condition| condition.always.is_none())
            .collect();
        if waiting.is_empty() {
            return pending().await;
        }
        let started = Instant::now();
        while !waiting.is_empty() {
            sleep(pause(started.elapsed())).await;
            let looks = waiting.iter().map(|condition| {
                let baseline = baseline.on_clock(self.clock_offset);
                observe(self.stack, condition, baseline, Some(since))
            });
            let looks = Box::pin(join_all(looks)).await;
            let mut met = looks
                .into_iter()
                .map(|look| look.is_ok_and(|look| look.met));
            waiting.retain(|_| !met.next().unwrap_or(false));
        }
        // As long again, so that what comes later than the rest has its chance.
        sleep(ENOUGH.max(started.elapsed())).await;
        let what = "not true where the lab as it stands has long gone on";
        Outcome::new(verdict, what)
    }
}
