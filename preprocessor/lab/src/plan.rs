//! In which order labs run, and for how long their faults must be able to last.

use std::time::Duration;

use crate::block::Lab;

/// Added to the longest deadline when a service carries a fault by itself: time for the engine's
/// own steps, so that the fault never ends before the lab does.
const MARGIN: Duration = Duration::from_secs(60);

/// The labs of one profile, run one after the other on one stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage<'b> {
    /// The profile to boot.
    pub profile: &'b str,
    /// Its labs, in the book's order.
    pub labs: Vec<&'b Lab>,
}

/// Returns the labs grouped by profile, so that each profile boots once; profiles come in the order of their first lab.
pub fn stages<'b>(labs: &[&'b Lab]) -> Vec<Stage<'b>> {
    let mut stages: Vec<Stage<'b>> = Vec::new();
    for lab in labs {
        match stages.iter_mut().find(|stage| stage.profile == lab.profile) {
            Some(stage) => stage.labs.push(lab),
            None => stages.push(Stage {
                profile: &lab.profile,
                labs: vec![lab],
            }),
        }
    }
    stages
}

/// Returns how long a fault that a service carries itself must last: longer than the lab's longest deadline.
pub fn time_to_live(lab: &Lab) -> Duration {
    lab.longest_deadline() + MARGIN
}
