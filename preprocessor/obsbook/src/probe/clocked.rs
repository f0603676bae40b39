//! What was counted when the steady state held, on the clock of the machine that the stack runs on.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

/// What was counted when the steady state held: counters are read as differences from then.
#[derive(Debug, Clone, Default)]
pub struct Baseline {
    /// How often the restart policy had brought each service back.
    pub restarts: BTreeMap<String, u64>,
    /// When that was: log lines, traces and notifications count from then.
    pub since: Option<Timestamp>,
}

/// A baseline, and how its clock, the engine's, differs from ours.
#[derive(Debug, Clone, Copy)]
pub struct Clocked<'b> {
    /// What was counted.
    pub baseline: &'b Baseline,
    /// The engine's clock minus ours.
    pub clock_offset: SignedDuration,
}

/// How far back lines and traces count where nothing says from when: as long as a reader would wait.
const RECENT: SignedDuration = SignedDuration::from_secs(30);

impl Baseline {
    /// Returns the baseline beside a clock that is `clock_offset` ahead of ours.
    pub fn on_clock(&self, clock_offset: SignedDuration) -> Clocked<'_> {
        Clocked {
            baseline: self,
            clock_offset,
        }
    }
}

impl<'b> From<&'b Baseline> for Clocked<'b> {
    /// Returns the baseline beside our own clock: right where the engine runs on this machine.
    fn from(baseline: &'b Baseline) -> Self {
        baseline.on_clock(SignedDuration::ZERO)
    }
}

impl Clocked<'_> {
    /// Returns the present on the stack's clock.
    pub fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        now.checked_add(self.clock_offset).unwrap_or(now)
    }

    /// Returns from when lines, traces and notifications count.
    pub(super) fn from(&self, since: Option<Timestamp>) -> Timestamp {
        let recent = || self.now().checked_sub(RECENT).unwrap_or_default();
        since.or(self.baseline.since).unwrap_or_else(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_is_that_of_the_stack() {
        let baseline = Baseline::default();
        for seconds in [-3600, 0, 3600] {
            let offset = SignedDuration::from_secs(seconds);
            let clocked = baseline.on_clock(offset);
            let ahead = clocked.now().duration_since(Timestamp::now()) - offset;
            assert!(ahead.abs() < SignedDuration::from_secs(5), "{seconds}");
            let back = clocked.now().duration_since(clocked.from(None)) - RECENT;
            assert!(back.abs() < SignedDuration::from_secs(5), "{seconds}");
        }
    }
}
