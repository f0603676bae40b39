//! Variants: a lab, a change to it, and the verdict that the change must bring.

use std::fmt;
use std::path::Path;

use obsbook_lab::block::{Challenge, Condition, Exercise, Fault, Lab, WrongFix};
use obsbook_lab::compose::ComposeModel;
use obsbook_lab::mutant::{Caught, mutants};
use obsbook_lab::verdict::Verdict;

use super::mend::Mend;
use super::original::Original;

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
    /// Of a challenge: what is done once its symptom shows.
    pub mend: Option<Mend>,
    /// How it must end.
    pub expected: Expected,
    /// Whether every expectation gets its whole time even when one has failed already.
    pub full_deadlines: bool,
    /// Of a lab with a mistake: the lab without it.
    pub original: Option<Original>,
    /// Of a lab with a mistake that a run did not notice: the lab in which nothing is broken, which must not pass. That it does is
    /// noticed as well.
    pub unbroken: Option<Lab>,
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

impl Variant {
    /// Returns a lab that must end in one way, each expectation being given its whole time.
    fn of(lab: Lab, change: impl Into<String>, expected: Verdict) -> Self {
        Self {
            change: change.into(),
            lab,
            broken_before: None,
            mend: None,
            expected: Expected::Exactly(expected),
            full_deadlines: true,
            original: None,
            unbroken: None,
        }
    }

    /// Returns the book's files that decide how it ends, beside the block.
    pub fn files(&self) -> Vec<&Path> {
        let mut files = self.lab.files();
        files.extend(match &self.mend {
            Some(Mend::Script(file)) => Some(file.as_path()),
            _ => None,
        });
        let before = self.broken_before.iter();
        files.extend(before.filter_map(|fault| fault.kind.file()));
        files
    }

    fn under(self, fault: &Fault) -> Self {
        Self {
            broken_before: Some(fault.clone()),
            ..self
        }
    }
}

/// Returns the variants that prove that a lab can fail, and that a task can be done and is not done by what only looks so.
pub fn variants(lab: &Lab) -> Vec<Variant> {
    if let Some(challenge) = &lab.challenge {
        return of_challenge(lab, challenge);
    }
    let mut all = match &lab.exercise {
        Some(exercise) => of_exercise(lab, exercise),
        None => Vec::new(),
    };
    match (&lab.inject, &lab.disproved_by) {
        // An exercise without faults has its starter for this.
        (Some(faults), _) if !(faults.is_empty() && lab.exercise.is_some()) => {
            all.push(without_faults(lab, faults.is_empty()));
        }
        (None, Some(fault)) => {
            let change = format!("after: {fault}");
            all.push(Variant::of(lab.clone(), change, Verdict::Failed).under(fault));
        }
        _ => {}
    }
    all.extend(always(lab));
    all
}

fn without_faults(lab: &Lab, has_none: bool) -> Variant {
    let mut without = solved(lab);
    without.inject = Some(Vec::new());
    // What must always hold does so without the fault as well: it has a proof of its own.
    without
        .expect
        .retain(|condition| condition.always.is_none());
    without.after.clear();
    let change = if has_none {
        "as it is: it breaks nothing"
    } else {
        "without its fault"
    };
    Variant::of(without, change, Verdict::Failed)
}

/// What must always hold, each alone under the fault that disproves it.
fn always(lab: &Lab) -> impl Iterator<Item = Variant> {
    let watched = lab.expect.iter();
    let watched = watched.filter_map(|condition| Some((condition, condition.always.as_ref()?)));
    watched.map(|(condition, always)| {
        let mut under = observation(lab);
        let within = condition.within.max(always.at_least);
        under.steady = vec![Condition {
            within,
            ..condition.clone()
        }];
        let fault = &always.disproved_by;
        let change = format!("`always` of line {}, after: {fault}", condition.at.line);
        Variant::of(under, change, Verdict::Failed).under(fault)
    })
}

/// The lab's steady state alone.
fn observation(lab: &Lab) -> Lab {
    Lab {
        inject: None,
        expect: Vec::new(),
        after: Vec::new(),
        exercise: None,
        challenge: None,
        ..lab.clone()
    }
}

/// As handed out it fails, solved it passes, and each listed wrong answer fails.
fn of_exercise(lab: &Lab, exercise: &Exercise) -> Vec<Variant> {
    let of = |file: &Path, what: &str, expected| {
        let change = format!("{what} {}", file.display());
        Variant::of(with_file(lab, file), change, expected)
    };
    let mut all = vec![
        of(&exercise.starter, "as handed out,", Verdict::Failed),
        of(&exercise.solution, "solved by", Verdict::Passed),
    ];
    let wrong = exercise.wrong_fixes.iter();
    all.extend(wrong.map(|fix| of(&fix.file, "wrong answer", Verdict::Failed)));
    all
}

/// The lab with a file in the place of the one that its reader edits.
fn with_file(lab: &Lab, file: &Path) -> Lab {
    let mut lab = lab.clone();
    if let Some(exercise) = &mut lab.exercise {
        file.clone_into(&mut exercise.edit.file);
    }
    lab
}

/// The lab with its starter, if its reader edits something.
fn as_handed_out(lab: Lab) -> Lab {
    match &lab.exercise {
        Some(exercise) => with_file(&lab, &exercise.starter),
        None => lab,
    }
}

/// The lab with its solution, if its reader edits something.
fn solved(lab: &Lab) -> Lab {
    match &lab.exercise {
        Some(exercise) => with_file(lab, &exercise.solution),
        None => lab.clone(),
    }
}

/// Whole it passes; broken it shows its symptom and fails; the solution and a reset mend it; what is tempting does not.
fn of_challenge(lab: &Lab, challenge: &Challenge) -> Vec<Variant> {
    let mended = |mend: Mend, change: String, expected| Variant {
        mend: Some(mend),
        ..Variant::of(lab.clone(), change, expected)
    };
    let script = |file: &Path| Mend::Script(file.to_owned());
    let solution = &challenge.solution;
    let mut all = vec![
        Variant::of(observation(lab), "whole", Verdict::Passed),
        mended(Mend::Nothing, "broken".to_owned(), Verdict::Failed),
        mended(
            script(solution),
            format!("mended by {}", solution.display()),
            Verdict::Passed,
        ),
    ];
    let wrong = |fix: &WrongFix| {
        let change = format!("wrong fix {}", fix.file.display());
        mended(script(&fix.file), change, Verdict::Failed)
    };
    all.extend(challenge.wrong_fixes.iter().map(wrong));
    all.push(mended(Mend::Reset, "reset".to_owned(), Verdict::Passed));
    all
}

/// Returns a query of the prose as a variant of its own: it must return data.
pub fn query(lab: &Lab) -> Variant {
    Variant {
        full_deadlines: false,
        ..Variant::of(lab.clone(), "as it stands in the prose", Verdict::Passed)
    }
}

/// Returns the variants with one mistake each, which must be noticed.
pub fn mutations(lab: &Lab, model: Option<&ComposeModel>) -> Vec<Variant> {
    // The proofs of a challenge are its mutants: a script that seems to mend it, and does not.
    if lab.challenge.is_some() {
        return Vec::new();
    }
    let solved = solved(lab);
    let mutants = mutants(&solved, model).into_iter();
    let variants = mutants.map(|mutant| Variant {
        change: mutant.change,
        lab: mutant.lab,
        broken_before: mutant.broken_before,
        mend: None,
        expected: match mutant.caught {
            Caught::ByAnyOtherVerdict => Expected::NotPassed,
            Caught::ByPassing => Expected::Exactly(Verdict::Passed),
        },
        full_deadlines: false,
        original: Some(Original {
            lab: solved.clone(),
            is_hopeless: mutant.is_hopeless,
        }),
        unbroken: mutant.unbroken.map(as_handed_out),
    });
    variants.collect()
}
