//! In which order labs run, and for how long their faults must be able to last.

use std::time::Duration;

use crate::block::Lab;

/// Added to the longest deadline when a service carries a fault by itself: time for the engine's
/// own steps, so that the fault never ends before the lab does.
const MARGIN: Duration = Duration::from_secs(60);

/// The labs of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage<'b> {
    /// The profile to boot.
    pub profile: &'b str,
    /// The places of its labs among those that were given, in their order.
    pub labs: Vec<usize>,
}

/// Returns labs grouped by profile, so that a stack boots each profile once; profiles come in the order of their first lab.
pub fn stages<'b>(labs: impl IntoIterator<Item = &'b Lab>) -> Vec<Stage<'b>> {
    let mut stages: Vec<Stage<'b>> = Vec::new();
    for (place, lab) in labs.into_iter().enumerate() {
        match stages.iter_mut().find(|stage| stage.profile == lab.profile) {
            Some(stage) => stage.labs.push(place),
            None => stages.push(Stage {
                profile: &lab.profile,
                labs: vec![place],
            }),
        }
    }
    stages
}

/// Returns how long a fault that a service carries itself must last: longer than the lab's longest deadline.
pub fn time_to_live(lab: &Lab) -> Duration {
    lab.longest_deadline() + MARGIN
}
