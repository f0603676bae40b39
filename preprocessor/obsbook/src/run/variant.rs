//! Variants: a lab, a change to it, and the verdict that the change must bring.

use std::fmt;

use obsbook_lab::block::{Fault, Lab};
use obsbook_lab::compose::ComposeModel;
use obsbook_lab::mutant::{Caught, mutants};
use obsbook_lab::verdict::Verdict;

/// How a variant must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// With this verdict.
    Exactly(Verdict),
    /// With any verdict but `passed`; a stack that could not serve shows nothing.
    NotPassed,
}

impl Expected {
    /// Returns whether a verdict is as it must be.
    pub fn holds(self, verdict: Verdict) -> bool {
        match self {
            Self::Exactly(expected) => verdict == expected,
            Self::NotPassed => !matches!(verdict, Verdict::Passed | Verdict::Unsteady),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(verdict) => write!(f, "{verdict}"),
            Self::NotPassed => f.pad("not passed"),
        }
    }
}

/// A change to a lab under which it must come out as `expected`.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// What is changed, in words.
    pub change: String,
    /// The lab as it is run.
    pub lab: Lab,
    /// A fault that is in place before the lab begins, for observations.
    pub broken_before: Option<Fault>,
    /// How it must end.
    pub expected: Expected,
    /// Whether every expectation gets its whole time even when one has failed already.
    pub full_deadlines: bool,
}

/// How a variant came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The lab's id.
    pub lab: String,
    /// What was changed.
    pub change: String,
    /// How it had to end.
    pub expected: Expected,
    /// The verdict that came out.
    pub verdict: Verdict,
    /// Whether it came out so in an earlier run, and nothing has changed since.
    pub kept: bool,
    /// Why this change need not be noticed, where somebody has said so.
    pub equivalent: Option<String>,
}

impl Proof {
    /// Returns whether the lab is proven.
    pub fn holds(&self) -> bool {
        self.expected.holds(self.verdict)
            || (self.equivalent.is_some() && self.verdict != Verdict::Unsteady)
    }
}

/// Returns the variants that prove that a lab can fail.
pub fn variants(lab: &Lab) -> Vec<Variant> {
    let mut all = Vec::new();
    match (&lab.inject, &lab.disproved_by) {
        (Some(faults), _) => {
            let mut without = lab.clone();
            without.inject = Some(Vec::new());
            // What must always hold does so without the fault as well: it has a proof of its own.
            without
                .expect
                .retain(|condition| condition.always.is_none());
            without.after.clear();
            let change = if faults.is_empty() {
                "as it is: it breaks nothing"
            } else {
                "without its fault"
            };
            all.push(Variant {
                change: change.to_owned(),
                lab: without,
                broken_before: None,
                expected: Expected::Exactly(Verdict::Failed),
                full_deadlines: true,
            });
            let watched = lab
                .expect
                .iter()
                .filter_map(|condition| Some((condition, condition.always.as_ref()?)));
            for (condition, always) in watched {
                let mut under = lab.clone();
                under.inject = None;
                under.expect.clear();
                under.after.clear();
                under.steady = vec![condition.clone()];
                let fault = always.disproved_by.clone();
                all.push(Variant {
                    change: format!("`always` of line {}, after: {fault}", condition.at.line),
                    lab: under,
                    broken_before: Some(fault),
                    expected: Expected::Exactly(Verdict::Failed),
                    full_deadlines: true,
                });
            }
        }
        (None, Some(fault)) => all.push(Variant {
            change: format!("after: {fault}"),
            lab: lab.clone(),
            broken_before: Some(fault.clone()),
            expected: Expected::Exactly(Verdict::Failed),
            full_deadlines: true,
        }),
        (None, None) => {}
    }
    all
}

/// Returns a query of the prose as a variant of its own: it must return data.
pub fn query(lab: &Lab) -> Variant {
    Variant {
        change: "as it stands in the prose".to_owned(),
        lab: lab.clone(),
        broken_before: None,
        expected: Expected::Exactly(Verdict::Passed),
        full_deadlines: false,
    }
}

/// Returns the variants with one mistake each, which must be noticed.
pub fn mutations(lab: &Lab, model: Option<&ComposeModel>) -> Vec<Variant> {
    let mutants = mutants(lab, model).into_iter();
    let variants = mutants.map(|mutant| Variant {
        change: mutant.change,
        lab: mutant.lab,
        broken_before: mutant.broken_before,
        expected: match mutant.caught {
            Caught::ByAnyOtherVerdict => Expected::NotPassed,
            Caught::ByPassing => Expected::Exactly(Verdict::Passed),
        },
        full_deadlines: false,
    });
    variants.collect()
}
