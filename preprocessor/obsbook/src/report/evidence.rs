//! The evidence of a lab's newest run: everything that was seen, with its times, in one file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use obsbook_lab::block::Fault;
use obsbook_lab::event::{Curve, Event, Phase, Place, Planned, Record};
use obsbook_lab::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// Version of the evidence files; it grows when a field changes its meaning or goes.
pub const EVIDENCE_VERSION: u32 = 1;

/// The name of obsbook among the versions of what took part.
pub const OBSBOOK: &str = "obsbook";
/// The name, among them, of the files that the stack is made of; their version is a digest.
pub const STACK: &str = "stack";

/// Where evidence is kept, relative to the book's root.
const FOLDER: &str = ".obsbook/evidence";

/// What one run of one lab has shown. Times are in UTC, durations in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Always [`EVIDENCE_VERSION`].
    pub v: u32,
    /// Where the lab stands in the book, and what it claims.
    pub lab: Place,
    /// The run.
    pub run: String,
    /// The compose project of the stack.
    pub project: String,
    /// What took part, by name: the version of `obsbook` and of the `engine`, the digest of the `stack`'s files, and the image of each
    /// service.
    pub versions: BTreeMap<String, String>,
    /// When the lab began; `None` when it was not run.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub finished: Timestamp,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, unless it passed.
    pub reason: Option<String>,
    /// What was seen instead, a line each.
    pub seen: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// When the steady state had held.
    pub steady: Option<Timestamp>,
    /// When every expectation had been seen to be false.
    pub control: Option<Timestamp>,
    /// The faults, in the order of their injection.
    pub faults: Vec<FaultEvidence>,
    /// When the steady state held again.
    pub recovered: Option<Timestamp>,
    /// What was looked at, in the order of the block.
    pub conditions: Vec<ConditionEvidence>,
    /// Every look, in the order of time.
    pub attempts: Vec<Attempt>,
    /// What the conditions ask Prometheus for, from before the fault to after the recovery.
    #[serde(default)]
    pub series: Vec<SeriesEvidence>,
}

/// What one condition, or several, ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeriesEvidence {
    /// What is asked, as in [`Planned::subject`].
    pub subject: String,
    /// Its series.
    pub curves: Vec<Curve>,
}

/// One fault and its times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultEvidence {
    /// The fault.
    pub fault: Fault,
    /// The fault in words.
    pub words: String,
    /// When it was in place.
    pub injected: Option<Timestamp>,
    /// When it was gone.
    pub undone: Option<Timestamp>,
}

/// One condition and when it came true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConditionEvidence {
    /// The condition, its bound and its deadline.
    #[serde(flatten)]
    pub planned: Planned,
    /// Seconds from the injection, or from the undo, until it was seen to be true: the time to detection.
    pub detected: Option<f64>,
}

/// One look at a condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub time: Timestamp,
    /// In which part of the run.
    pub phase: Phase,
    /// The condition in words.
    pub condition: String,
    /// Whether it held.
    pub met: bool,
    /// The number that was compared, if one was.
    pub value: Option<f64>,
    /// What was seen, in words.
    pub seen: String,
}

impl Evidence {
    /// Returns the evidence of a lab's newest run in the book at `root`; `None` when there is none that this obsbook reads.
    pub fn read(root: &Path, lab: &str) -> Option<Self> {
        let text = std::fs::read_to_string(path(root, lab)).ok()?;
        let evidence: Self = serde_json::from_str(&text).ok()?;
        (evidence.v == EVIDENCE_VERSION).then_some(evidence)
    }

    /// Returns what is known of a lab's run before anything of it happened.
    pub(super) fn new(
        lab: Place,
        record: &Record,
        project: &str,
        versions: &BTreeMap<String, String>,
    ) -> Self {
        Self {
            v: EVIDENCE_VERSION,
            lab,
            run: record.run.clone(),
            project: project.to_owned(),
            versions: versions.clone(),
            started: None,
            finished: record.time,
            verdict: Verdict::Skipped,
            reason: None,
            seen: Vec::new(),
            seconds: 0.0,
            steady: None,
            control: None,
            faults: Vec::new(),
            recovered: None,
            conditions: Vec::new(),
            attempts: Vec::new(),
            series: Vec::new(),
        }
    }

    /// Adds what happened in the lab.
    pub(super) fn add(&mut self, time: Timestamp, event: &Event) {
        match event {
            Event::SteadyHeld { .. } => self.steady = Some(time),
            Event::ControlHeld { .. } => self.control = Some(time),
            Event::SteadyRestored { .. } => self.recovered = Some(time),
            Event::FaultJournaled { fault } => self.faults.push(FaultEvidence {
                fault: fault.clone(),
                words: fault.to_string(),
                injected: None,
                undone: None,
            }),
            Event::FaultInjected { fault } => {
                let mut faults = self.faults.iter_mut();
                let found = faults.find(|known| known.fault == *fault && known.injected.is_none());
                if let Some(found) = found {
                    found.injected = Some(time);
                }
            }
            Event::FaultUndone { fault } => {
                let mut faults = self.faults.iter_mut().rev();
                let found = faults.find(|known| known.fault == *fault && known.undone.is_none());
                if let Some(found) = found {
                    found.undone = Some(time);
                }
            }
            Event::Observation {
                phase,
                condition,
                met,
                value,
                seen,
            } => self.attempts.push(Attempt {
                time,
                phase: *phase,
                condition: condition.clone(),
                met: *met,
                value: *value,
                seen: seen.clone(),
            }),
            Event::ExpectationMet {
                phase,
                condition,
                after,
            } => {
                // What must always hold was watched for that long; nothing was detected.
                let found = self.conditions.iter_mut().find(|known| {
                    known.planned.phase == *phase && known.planned.condition == *condition
                });
                if let Some(found) = found.filter(|found| !found.planned.always) {
                    found.detected.get_or_insert(*after);
                }
            }
            Event::Series { subject, curves } => self.series.push(SeriesEvidence {
                subject: subject.clone(),
                curves: curves.clone(),
            }),
            Event::LabFinished {
                verdict,
                reason,
                seen,
                seconds,
            } => {
                self.finished = time;
                self.verdict = *verdict;
                self.reason.clone_from(reason);
                self.seen.clone_from(seen);
                self.seconds = *seconds;
            }
            _ => {}
        }
    }
}

/// Returns the file of a lab's evidence in the book at `root`.
pub(super) fn path(root: &Path, lab: &str) -> PathBuf {
    root.join(FOLDER).join(format!("{lab}.json"))
}
