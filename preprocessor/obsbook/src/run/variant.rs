//! Variants: a lab, a change to it, and the verdict that the change must bring.

use obsbook_lab::block::{Fault, Lab};
use obsbook_lab::verdict::Verdict;

/// A change to a lab under which it must come out as `expected`.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// What is changed, in words.
    pub change: String,
    /// The lab as it is run.
    pub lab: Lab,
    /// A fault that is in place before the lab begins, for observations.
    pub broken_before: Option<Fault>,
    /// The verdict that proves the lab.
    pub expected: Verdict,
}

/// How a variant came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The lab's id.
    pub lab: String,
    /// What was changed.
    pub change: String,
    /// The verdict that proves the lab.
    pub expected: Verdict,
    /// The verdict that came out.
    pub verdict: Verdict,
}

impl Proof {
    /// Returns whether the lab is proven.
    pub fn holds(&self) -> bool {
        self.verdict == self.expected
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
                expected: Verdict::Failed,
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
                    expected: Verdict::Failed,
                });
            }
        }
        (None, Some(fault)) => all.push(Variant {
            change: format!("after: {fault}"),
            lab: lab.clone(),
            broken_before: Some(fault.clone()),
            expected: Verdict::Failed,
        }),
        (None, None) => {}
    }
    all
}
