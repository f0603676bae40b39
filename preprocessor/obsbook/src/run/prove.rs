//! Proving labs: every variant run on the real stack.

use std::collections::BTreeMap;

use obsbook_lab::block::Lab;
use obsbook_lab::verdict::{ExitStatus, Verdict};

use super::pool::run_all;
use super::suite::Environment;
use super::task::{LabResult, Task};
use super::variant::{Proof, variants};

/// What a proof run showed.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofReport {
    /// Every variant that was run.
    pub proofs: Vec<Proof>,
    /// The exit status.
    pub status: ExitStatus,
}

/// Runs every variant of `labs`. A variant that comes out otherwise than it must makes the status 1. `done` is called after each.
pub async fn prove(
    environment: &Environment<'_>,
    labs: &[&Lab],
    done: &(dyn Fn(&Proof) + Sync),
) -> ProofReport {
    let variants: Vec<_> = labs.iter().flat_map(|lab| variants(lab)).collect();
    let tasks: Vec<_> = variants
        .iter()
        .map(|variant| Task {
            lab: &variant.lab,
            full_deadlines: true,
            broken_before: variant.broken_before.as_ref(),
            announcement: Some(format!(
                "\n{}, {}, must end {}",
                variant.lab.id, variant.change, variant.expected
            )),
        })
        .collect();
    let proof = |index: usize, result: &LabResult| {
        let variant = &variants[index];
        Proof {
            lab: variant.lab.id.clone(),
            change: variant.change.clone(),
            expected: variant.expected,
            verdict: result.outcome.verdict,
        }
    };
    let tell = |index: usize, result: &LabResult| done(&proof(index, result));
    let (results, _) = run_all(environment, &tasks, &tell).await;
    let proofs = results
        .iter()
        .enumerate()
        .map(|(index, result)| proof(index, result))
        .collect();
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
