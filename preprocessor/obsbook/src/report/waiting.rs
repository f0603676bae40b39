//! What a lab waits for at this moment, in one line: what is pending, what was last seen, how long it still has.

use std::collections::BTreeMap;

use jiff::Timestamp;
use obsbook_lab::event::{Event, Phase, Planned, Record};

use super::human::printable;

/// Folds the event stream into what is waited for, lab by lab.
#[derive(Debug, Default)]
pub struct Waiting {
    labs: BTreeMap<String, Lab>,
}

#[derive(Debug)]
struct Lab {
    planned: Vec<Planned>,
    /// From when the deadlines of the phase count.
    from: Timestamp,
    phase: Phase,
    /// What was last seen of each condition of the phase that is not true yet.
    pending: Vec<(String, String)>,
}

impl Waiting {
    /// Takes the next event.
    pub fn record(&mut self, record: &Record) {
        let Some(id) = &record.lab else { return };
        if let Event::LabStarted { conditions, .. } = &record.event {
            let lab = Lab {
                planned: conditions.clone(),
                from: record.time,
                phase: Phase::Steady,
                pending: Vec::new(),
            };
            self.labs.insert(id.clone(), lab);
        }
        if matches!(record.event, Event::LabFinished { .. }) {
            self.labs.remove(id);
        }
        let Some(lab) = self.labs.get_mut(id) else {
            return;
        };
        match &record.event {
            Event::SteadyHeld { .. }
            | Event::ControlHeld { .. }
            | Event::FaultInjected { .. }
            | Event::FaultUndone { .. } => {
                lab.from = record.time;
                lab.pending.clear();
            }
            Event::Observation {
                phase,
                condition,
                met,
                seen,
                ..
            } => lab.look(*phase, condition, *met, seen),
            _ => {}
        }
    }

    /// Returns what the lab of `record` waits for, as of that event; `None` when it is not waiting.
    pub fn line(&self, record: &Record) -> Option<String> {
        let id = record.lab.as_ref()?;
        let lab = self.labs.get(id)?;
        let (condition, seen) = lab.pending.first()?;
        let what = match lab.phase {
            Phase::Steady => "steady",
            Phase::Control => "control: not yet false",
            Phase::Expect => "expect",
            Phase::After => "after",
            Phase::Recover => "recover",
        };
        let passed = record.time.duration_since(lab.from).as_secs_f64();
        let left = lab
            .within(condition)
            .map(|within| format!(", {:.0} s left", (within - passed).max(0.0)))
            .unwrap_or_default();
        let more = match lab.pending.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let seen = printable(seen);
        Some(format!("{id}  {what}  {condition}: {seen}{left}{more}"))
    }
}

impl Lab {
    fn look(&mut self, phase: Phase, condition: &str, met: bool, seen: &str) {
        if phase != self.phase {
            self.phase = phase;
            self.pending.clear();
        }
        let known = self.pending.iter().position(|(name, _)| name == condition);
        // The negative control waits for what is still true, and what must always hold is waited for by nobody.
        let waits = met == (phase == Phase::Control) && !self.always(condition);
        match (waits, known) {
            (true, Some(index)) => seen.clone_into(&mut self.pending[index].1),
            (true, None) => self.pending.push((condition.to_owned(), seen.to_owned())),
            (false, Some(index)) => drop(self.pending.remove(index)),
            (false, None) => {}
        }
    }

    fn always(&self, condition: &str) -> bool {
        let mut planned = self.planned.iter();
        planned.any(|planned| planned.always && planned.condition == condition)
    }

    /// The seconds that a condition has in this phase.
    fn within(&self, condition: &str) -> Option<f64> {
        let section = match self.phase {
            Phase::Recover | Phase::Control => Phase::Steady,
            phase => phase,
        };
        let mut of_section = self
            .planned
            .iter()
            .filter(|planned| planned.phase == section);
        if self.phase == Phase::Control {
            // The control as a whole has as long as the steady state.
            return of_section.map(|planned| planned.within).reduce(f64::max);
        }
        of_section
            .find(|planned| planned.condition == condition)
            .map(|planned| planned.within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{self, looked, planned};

    #[test]
    fn the_first_pending_condition_is_told_with_what_is_left() {
        let fault = samples::fault();
        let mut waiting = Waiting::default();
        let mut lines = Vec::new();
        for (second, lab, event) in [
            (
                0,
                "a",
                samples::started(vec![
                    planned(Phase::Steady, "up", 60.0),
                    planned(Phase::Expect, "slow", 20.0),
                    planned(Phase::Expect, "late", 30.0),
                ]),
            ),
            (
                0,
                "b",
                samples::started(vec![planned(Phase::Steady, "up", 10.0)]),
            ),
            (1, "a", looked(Phase::Steady, "up", false, "0")),
            (2, "b", looked(Phase::Steady, "up", false, "no data")),
            (3, "a", looked(Phase::Steady, "up", true, "1")),
            (4, "a", Event::SteadyHeld { seconds: 4.0 }),
            (5, "a", looked(Phase::Control, "slow", true, "0.9")),
            (6, "a", looked(Phase::Control, "slow", false, "0.1")),
            (
                7,
                "a",
                Event::FaultInjected {
                    fault: fault.clone(),
                },
            ),
            (8, "a", looked(Phase::Expect, "slow", false, "0.2")),
            (8, "a", looked(Phase::Expect, "late", false, "0.3")),
            (9, "a", looked(Phase::Expect, "slow", true, "0.8")),
            (12, "b", looked(Phase::Steady, "up", false, "no data")),
            (10, "a", Event::FaultUndone { fault }),
        ] {
            let record = samples::at(second, lab, event);
            waiting.record(&record);
            lines.push(waiting.line(&record).unwrap_or_else(|| "-".to_owned()));
        }
        insta::assert_snapshot!(lines.join("\n"));
    }
}
