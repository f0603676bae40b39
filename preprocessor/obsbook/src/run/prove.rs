//! Proving labs: every variant run on the real stack, and what a run did not notice once more with nothing broken.

use std::collections::BTreeMap;

use obsbook_lab::verdict::{ExitStatus, Verdict};

use super::equivalent::Equivalents;
use super::ledger::Ledger;
use super::pool::run_all;
use super::suite::Environment;
use super::task::{LabResult, Task};
use super::variant::{Proof, Variant};

/// What a proof run showed.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofReport {
    /// Every variant that was run.
    pub proofs: Vec<Proof>,
    /// The exit status.
    pub status: ExitStatus,
}

/// Runs `variants`, those that the ledger does not know. One that comes out otherwise than it must makes the status 1.
///
/// `done` is called after each, those of earlier runs first.
pub async fn prove(
    environment: &Environment<'_>,
    variants: &[Variant],
    ledger: &Ledger,
    equivalents: &Equivalents,
    done: &(dyn Fn(&Proof) + Sync),
) -> ProofReport {
    let proof = |variant: &Variant, verdict: Verdict, kept: bool| Proof {
        lab: variant.lab.id.clone(),
        change: variant.change.clone(),
        expected: variant.expected,
        verdict,
        kept,
        equivalent: equivalents.reason(&variant.lab.id, &variant.change),
    };
    let mut proofs = Vec::new();
    let mut open = Vec::new();
    for variant in variants {
        let before = ledger.find(variant);
        let before = before.map(|verdict| proof(variant, verdict, true));
        match before.filter(Proof::holds) {
            Some(proof) => {
                done(&proof);
                proofs.push(proof);
            }
            None => open.push(variant),
        }
    }
    let decided = |variant: &Variant, verdict: Verdict| {
        // What could not be run to its end says nothing, also not for the next time.
        if verdict != Verdict::Unsteady
            && let Err(error) = ledger.add(variant, verdict)
        {
            let reporter = environment.reporter;
            reporter.progress(&format!("this proof is not kept for the next run: {error}"));
        }
        done(&proof(variant, verdict, false));
    };
    let is_open = |variant: &Variant, verdict: Verdict| {
        verdict == Verdict::Passed && variant.unbroken.is_some() && !variant.expected.holds(verdict)
    };
    let tasks: Vec<_> = open.iter().map(|variant| as_it_is(variant)).collect();
    let keep = |index: usize, result: &LabResult| {
        let verdict = result.outcome.verdict;
        if !is_open(open[index], verdict) {
            decided(open[index], verdict);
        }
    };
    let first = run_tasks(environment, &tasks, &keep).await;
    let (unnoticed, settled): (Vec<_>, Vec<_>) = open
        .into_iter()
        .zip(first)
        .partition(|(variant, verdict)| is_open(variant, *verdict));
    let settled = settled.into_iter();
    proofs.extend(settled.map(|(variant, verdict)| proof(variant, verdict, false)));
    let unnoticed: Vec<_> = unnoticed.into_iter().map(|(variant, _)| variant).collect();
    let tasks: Vec<_> = unnoticed
        .iter()
        .filter_map(|variant| unbroken(variant))
        .collect();
    let keep = |index: usize, result: &LabResult| {
        decided(
            unnoticed[index],
            with_nothing_broken(result.outcome.verdict),
        );
    };
    let second = run_tasks(environment, &tasks, &keep).await;
    let second = second.into_iter().map(with_nothing_broken);
    let second = unnoticed.iter().zip(second);
    proofs.extend(second.map(|(variant, verdict)| proof(variant, verdict, false)));
    let mut report = ProofReport {
        proofs,
        status: ExitStatus::Success,
    };
    report.status = if environment.interrupt.is_set() {
        ExitStatus::Interrupted
    } else {
        report.judge()
    };
    report
}

fn as_it_is(variant: &Variant) -> Task<'_> {
    Task {
        lab: &variant.lab,
        full_deadlines: variant.full_deadlines,
        original: variant.original.as_ref(),
        broken_before: variant.broken_before.as_ref(),
        mend: variant.mend.as_ref(),
        announcement: Some(format!(
            "\n{}, {}, must end {}",
            variant.lab.id, variant.change, variant.expected
        )),
    }
}

fn unbroken(variant: &Variant) -> Option<Task<'_>> {
    let lab = variant.unbroken.as_ref()?;
    let announcement = format!(
        "\n{}, {}, with nothing broken, must come true",
        lab.id, variant.change
    );
    Some(Task {
        full_deadlines: true,
        announcement: Some(announcement),
        ..Task::plain(lab)
    })
}

/// Returns how a variant came out that passes, by what its expectation does with nothing broken: what comes true then as well proves
/// nothing, which is noticed.
fn with_nothing_broken(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Failed => Verdict::Passed,
        Verdict::Passed => Verdict::Vacuous,
        // A stack that loses its steady state with nothing broken says nothing of the lab.
        Verdict::Unrecovered => Verdict::Unsteady,
        other => other,
    }
}

async fn run_tasks(
    environment: &Environment<'_>,
    tasks: &[Task<'_>],
    done: &(dyn Fn(usize, &LabResult) + Sync),
) -> Vec<Verdict> {
    if tasks.is_empty() {
        return Vec::new();
    }
    let (results, _) = run_all(environment, tasks, done).await;
    let verdicts = results.iter().map(|result| result.outcome.verdict);
    verdicts.collect()
}

impl ProofReport {
    fn judge(&self) -> ExitStatus {
        let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
        for proof in self.proofs.iter().filter(|proof| !proof.holds()) {
            *counts.entry(proof.verdict).or_default() += 1;
        }
        let mut status = ExitStatus::Success;
        for verdict in counts.keys() {
            // Passing where it must fail is the failure of a proof; the others keep their own status.
            let own = if *verdict == Verdict::Passed {
                ExitStatus::Failed
            } else {
                ExitStatus::from(*verdict)
            };
            status = status.and(own);
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_true_with_nothing_broken_was_noticed() {
        for (ended, expected) in [
            (Verdict::Failed, Verdict::Passed),
            (Verdict::Passed, Verdict::Vacuous),
            (Verdict::Vacuous, Verdict::Vacuous),
            (Verdict::Unsteady, Verdict::Unsteady),
            (Verdict::Unrecovered, Verdict::Unsteady),
        ] {
            assert_eq!(with_nothing_broken(ended), expected, "{ended}");
        }
    }
}
