//! The one stream of events that reports, the page and the book are folds over.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::block::Fault;
use crate::diagnostic::Diagnostic;
use crate::verdict::Verdict;

/// Version of the event format; it grows when a field changes its meaning or goes.
pub const VERSION: u32 = 1;

/// One line of `--format json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record {
    /// Always [`VERSION`].
    pub v: u32,
    /// When it happened, in UTC.
    pub time: jiff::Timestamp,
    /// The run that it belongs to.
    pub run: String,
    /// The lab that it belongs to; `null` for what concerns the whole run.
    pub lab: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// The part of a lab's run in which a condition was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before anything is broken.
    Steady,
    /// Is each expectation false before the fault?
    Control,
    /// Between injection and undo.
    Expect,
    /// After the undo, what becomes true by it.
    After,
    /// After the undo, the steady state again.
    Recover,
}

/// Where a lab stands in the book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The lab's id.
    pub id: String,
    /// The sentence that it proves.
    pub title: String,
    /// The name of its chapter in SUMMARY.md.
    pub chapter: String,
    /// Its file, relative to the book's root.
    pub file: String,
    /// The line of its fence.
    pub line: usize,
    /// The profile that it runs in.
    pub profile: String,
}

impl Place {
    /// Returns the place of a lab that a stream tells of only when the lab begins: one saved before runs named the whole book.
    pub fn of_started(id: &str, title: &str, file: &str, line: usize) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            chapter: String::new(),
            file: file.to_owned(),
            line,
            profile: String::new(),
        }
    }
}

/// A condition that a lab will look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The part of the run that it belongs to: `steady`, `expect` or `after`.
    pub phase: Phase,
    /// The condition in words, as observations name it.
    pub condition: String,
    /// What is asked: conditions of one subject are points of one curve.
    pub subject: String,
    /// The bound in the block's words.
    pub bound: String,
    /// Seconds that it has to become true; of one that must always hold, the seconds that it is watched for.
    pub within: f64,
    /// Whether it must hold at every sample.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
    /// Its line in the lab's file.
    pub line: usize,
}

/// One series over a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Its labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The moment of the first value, on the stack's clock.
    pub from: jiff::Timestamp,
    /// Seconds from each value to the next.
    pub step: f64,
    /// The values; `None` where there is no sample.
    pub values: Vec<Option<f64>>,
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A problem in an author's file.
    Diagnostic(Diagnostic),
    /// A run begins with these labs, in this order.
    RunStarted {
        /// The ids.
        labs: Vec<String>,
        /// The compose project of the stack.
        project: String,
        /// Every lab of the book, in its order, also those that are not run.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        book: Vec<Place>,
        /// What runs the labs and is known already, by name: `obsbook`, and the digest of the files of the `stack`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        versions: BTreeMap<String, String>,
    },
    /// The profile's containers are healthy and its data sources answer.
    StackReady {
        /// The profile.
        profile: String,
        /// Whether it was up before.
        reused: bool,
        /// Seconds from the first look to ready.
        seconds: f64,
        /// What takes part, by name: the `engine`'s version, and the image of each service.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        versions: BTreeMap<String, String>,
    },
    /// A lab begins.
    LabStarted {
        /// The sentence that it proves.
        title: String,
        /// Its file, relative to the book's root.
        file: String,
        /// The line of its fence.
        line: usize,
        /// What will be looked at.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<Planned>,
    },
    /// Every steady condition held for three samples in a row.
    SteadyHeld {
        /// Seconds that it took.
        seconds: f64,
    },
    /// Every expectation was seen to be false before the fault.
    ControlHeld {
        /// Seconds that it took.
        seconds: f64,
    },
    /// The undo of a fault is on disk.
    FaultJournaled {
        /// The fault to come.
        fault: Fault,
    },
    /// A fault is in place.
    FaultInjected {
        /// The fault.
        fault: Fault,
    },
    /// A condition was looked at.
    Observation {
        /// In which part of the run.
        phase: Phase,
        /// The condition in words.
        condition: String,
        /// Whether it held.
        met: bool,
        /// The number that was compared, if one was.
        value: Option<f64>,
        /// What was seen, in words.
        seen: String,
    },
    /// A condition came true after the injection, or after the undo.
    ExpectationMet {
        /// In which part of the run.
        phase: Phase,
        /// The condition in words.
        condition: String,
        /// Seconds from the end of the last injection, or of the undo: the time to detection.
        after: f64,
    },
    /// What a condition asks for, from before the fault to after the recovery.
    Series {
        /// What is asked, as in [`Planned::subject`].
        subject: String,
        /// Its series.
        curves: Vec<Curve>,
    },
    /// A fault is gone.
    FaultUndone {
        /// The fault.
        fault: Fault,
    },
    /// The steady conditions hold again.
    SteadyRestored {
        /// Seconds from the undo.
        seconds: f64,
    },
    /// A lab ended.
    LabFinished {
        /// How.
        verdict: Verdict,
        /// Why, unless it passed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What was seen instead, a line each.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen: Vec<String>,
        /// Seconds that it took.
        seconds: f64,
    },
    /// A changed lab ended, and so its lab is proven or not.
    Proof {
        /// What was changed.
        change: String,
        /// How it had to end, in words.
        expected: String,
        /// How it ended.
        verdict: Verdict,
        /// Whether the lab is proven.
        holds: bool,
        /// Whether it ended so in an earlier run, and nothing has changed since.
        kept: bool,
        /// Why the change need not be noticed, where somebody has said so.
        #[serde(default)]
        equivalent: Option<String>,
    },
    /// The run ended.
    RunFinished {
        /// How many labs ended in each verdict.
        counts: BTreeMap<Verdict, usize>,
        /// The exit status.
        status: u8,
        /// Seconds that it took.
        seconds: f64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_json_object() {
        let record = Record {
            v: VERSION,
            time: "2026-02-03T04:05:06.5Z".parse().expect("a time"),
            run: "r1".to_owned(),
            lab: Some("slow-orders".to_owned()),
            event: Event::LabFinished {
                verdict: Verdict::Passed,
                reason: None,
                seen: vec![],
                seconds: 1.5,
            },
        };
        insta::assert_snapshot!(serde_json::to_string(&record).expect("json"), @r#"{"v":1,"time":"2026-02-03T04:05:06.5Z","run":"r1","lab":"slow-orders","event":"lab_finished","verdict":"passed","seconds":1.5}"#);
    }
}
