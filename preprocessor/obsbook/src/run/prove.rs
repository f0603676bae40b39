//! Proving labs: every variant run on the real stack.

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
    let tasks: Vec<_> = open
        .iter()
        .map(|variant| Task {
            lab: &variant.lab,
            full_deadlines: variant.full_deadlines,
            original: variant.original.as_ref(),
            broken_before: variant.broken_before.as_ref(),
            mend: variant.mend.as_ref(),
            announcement: Some(format!(
                "\n{}, {}, must end {}",
                variant.lab.id, variant.change, variant.expected
            )),
        })
        .collect();
    let keep = |index: usize, result: &LabResult| {
        let verdict = result.outcome.verdict;
        // What could not be run to its end says nothing, also not for the next time.
        if verdict != Verdict::Unsteady
            && let Err(error) = ledger.add(open[index], verdict)
        {
            let reporter = environment.reporter;
            reporter.progress(&format!("this proof is not kept for the next run: {error}"));
        }
        done(&proof(open[index], verdict, false));
    };
    if !tasks.is_empty() {
        let (results, _) = run_all(environment, &tasks, &keep).await;
        let results = open.iter().zip(&results);
        proofs
            .extend(results.map(|(variant, result)| proof(variant, result.outcome.verdict, false)));
    }
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
