//! The curves of a lab, told at its end.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use obsbook_lab::event::Event;

use super::lab::LabRun;
use crate::probe::history;

/// What is shown of the time before the fault.
const BEFORE: SignedDuration = SignedDuration::from_secs(20);

impl LabRun<'_> {
    /// Tells what each condition asks for as it was from before `broken_at` until now. It changes no verdict: what cannot be had is left out.
    pub(super) async fn tell_series(&self, broken_at: Timestamp) {
        let from = broken_at.checked_sub(BEFORE).unwrap_or(broken_at);
        let to = self.stack_time();
        let lab = self.lab;
        let conditions = lab.expect.iter().chain(&lab.after).chain(&lab.steady);
        let mut known = BTreeSet::new();
        let new = conditions.filter(|condition| known.insert(condition.subject()));
        let asked = new.map(async |condition| {
            let curves = history(self.stack, &condition.probe, from, to).await;
            (condition.subject(), curves)
        });
        for (subject, curves) in join_all(asked).await {
            if !curves.is_empty() {
                self.emit(Event::Series { subject, curves });
            }
        }
    }
}
