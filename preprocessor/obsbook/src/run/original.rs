//! A lab with a mistake beside the lab as it stands: what keeps the one from breaking anything, while the other would, is the mistake.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::lab::LabRun;
use crate::probe::{Baseline, ProbeError, observe};

/// For so long the lab as it stands would have gone on, before the one with the mistake is given up.
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
        let looks = original.expect.iter().map(async |condition| {
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
}
