//! Keeps the evidence of each lab's newest run, in a file of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use obsbook_lab::event::{Event, Place, Planned, Record};

use super::evidence::{ConditionEvidence, Evidence, path};
use super::file::write_whole;
use super::reporter::Output;

/// What is known of the whole run.
#[derive(Default)]
struct Run {
    project: String,
    versions: BTreeMap<String, String>,
    places: BTreeMap<String, Place>,
}

/// Keeps the evidence of each lab's newest run.
pub struct EvidenceFiles {
    root: PathBuf,
    run: Run,
    open: BTreeMap<String, Evidence>,
    told: bool,
    trouble: Option<String>,
}

impl EvidenceFiles {
    /// Returns an output that keeps evidence of the book at `root`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            run: Run::default(),
            open: BTreeMap::new(),
            told: false,
            trouble: None,
        }
    }

    fn write(&mut self, evidence: &Evidence) {
        let path = path(&self.root, &evidence.lab.id);
        // Each build of the book reads it.
        let written = serde_json::to_vec(evidence)
            .map_err(Into::into)
            .and_then(|content| write_whole(&path, &content));
        if let Err(error) = written
            && !self.told
        {
            self.told = true;
            self.trouble = Some(format!(
                "no evidence is kept: failed to write {}: {error}\n  = help: make room or give permission there; verdicts do not depend on it",
                path.display()
            ));
        }
    }
}

impl Output for EvidenceFiles {
    fn record(&mut self, record: &Record) {
        if let Event::RunStarted {
            project,
            versions,
            book,
            ..
        } = &record.event
        {
            self.run = Run {
                project: project.clone(),
                versions: versions.clone(),
                places: book
                    .iter()
                    .map(|place| (place.id.clone(), place.clone()))
                    .collect(),
            };
        }
        if let Event::StackReady { versions, .. } = &record.event {
            self.run.versions.extend(versions.clone());
        }
        let Some(id) = &record.lab else { return };
        if let Event::LabStarted {
            title,
            file,
            line,
            conditions,
        } = &record.event
        {
            let known = self.run.places.get(id).cloned();
            let place = known.unwrap_or_else(|| Place::of_started(id, title, file, *line));
            let mut evidence = Evidence::new(place, record, &self.run.project, &self.run.versions);
            evidence.started = Some(record.time);
            let of_now = |planned: &Planned| ConditionEvidence {
                planned: planned.clone(),
                detected: None,
            };
            evidence.conditions = conditions.iter().map(of_now).collect();
            self.open.insert(id.clone(), evidence);
        }
        let ended = matches!(record.event, Event::LabFinished { .. });
        if ended && !self.open.contains_key(id) {
            // A lab that never began has a place, and a verdict.
            if let Some(place) = self.run.places.get(id).cloned() {
                let evidence = Evidence::new(place, record, &self.run.project, &self.run.versions);
                self.open.insert(id.clone(), evidence);
            }
        }
        if let Some(evidence) = self.open.get_mut(id) {
            evidence.add(record.time, &record.event);
        }
        if ended && let Some(evidence) = self.open.remove(id) {
            self.write(&evidence);
        }
    }

    fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

#[cfg(test)]
mod tests {
    use obsbook_lab::event::Phase;
    use obsbook_lab::verdict::Verdict;

    use super::*;
    use crate::report::samples::{at, every_verdict, fault, looked, planned, run_started, started};

    fn kept(root: &Path, records: impl IntoIterator<Item = Record>) -> Vec<String> {
        let mut files = EvidenceFiles::new(root);
        let troubles = records.into_iter().filter_map(|record| {
            files.record(&record);
            files.trouble()
        });
        troubles.collect()
    }

    #[test]
    fn a_run_is_kept_with_its_whole_course() {
        let fault = fault();
        let slow = planned(Phase::Expect, "slow", 20.0);
        let met = Event::ExpectationMet {
            phase: Phase::Expect,
            condition: "slow".to_owned(),
            after: 2.5,
        };
        let finished = Event::LabFinished {
            verdict: Verdict::Passed,
            reason: None,
            seen: vec![],
            seconds: 9.0,
        };
        let ready = Event::StackReady {
            profile: "core".to_owned(),
            reused: true,
            seconds: 0.1,
            versions: [("loki".to_owned(), "obsbook/loki:3.7.8".to_owned())].into(),
        };
        let mut records = vec![run_started(&["a", "b"], &[]), at(0, "", ready)];
        for (second, lab, event) in [
            (1, "a", started(vec![slow])),
            (1, "b", started(vec![])),
            (2, "a", Event::SteadyHeld { seconds: 1.0 }),
            (2, "b", looked(Phase::Steady, "of b", true, "1")),
            (3, "a", looked(Phase::Control, "slow", false, "0.1")),
            (3, "a", Event::ControlHeld { seconds: 1.0 }),
            (
                4,
                "a",
                Event::FaultJournaled {
                    fault: fault.clone(),
                },
            ),
            (
                5,
                "a",
                Event::FaultInjected {
                    fault: fault.clone(),
                },
            ),
            (7, "a", looked(Phase::Expect, "slow", true, "0.9")),
            (7, "a", met),
            (8, "a", Event::FaultUndone { fault }),
            (9, "a", Event::SteadyRestored { seconds: 1.0 }),
            (10, "a", finished),
        ] {
            records.push(at(second, lab, event));
        }
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(kept(root.path(), records), Vec::<String>::new());
        let evidence = Evidence::read(root.path(), "a").expect("evidence");
        insta::assert_snapshot!(serde_json::to_string_pretty(&evidence).expect("json"));
        assert_eq!(Evidence::read(root.path(), "b"), None);
    }

    #[test]
    fn a_lab_that_never_began_has_a_verdict_and_nothing_else() {
        let root = tempfile::tempdir().expect("a folder");
        kept(root.path(), every_verdict());
        let evidence = Evidence::read(root.path(), "unsteady").expect("evidence");
        assert_eq!(
            (evidence.verdict, evidence.started),
            (Verdict::Unsteady, None)
        );
        assert_eq!(evidence.lab.title, "The claim of unsteady");
        assert!(evidence.attempts.is_empty() && evidence.reason.is_some());
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told_once() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::write(root.path().join(".obsbook"), "in the way").expect("written");
        let troubles = kept(root.path(), every_verdict());
        assert_eq!(troubles.len(), 1, "{troubles:?}");
        assert!(troubles[0].contains("failed to write"), "{troubles:?}");
    }
}
