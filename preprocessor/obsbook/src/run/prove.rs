//! Proving labs: every variant run on the real stack.

use std::collections::BTreeMap;

use obsbook_lab::block::Lab;
use obsbook_lab::plan::stages;
use obsbook_lab::verdict::{ExitStatus, Verdict};

use super::suite::{Environment, OneLab, run_one};
use super::variant::{Proof, variants};
use crate::prepare;

/// What a proof run showed.
#[derive(Debug, Clone, PartialEq)]
pub struct ProofReport {
    /// Every variant that was run.
    pub proofs: Vec<Proof>,
    /// The exit status.
    pub status: ExitStatus,
}

/// Runs every variant of `labs`. A variant that comes out otherwise than it must makes the status 1.
pub async fn prove(environment: &Environment<'_>, labs: &[&Lab]) -> ProofReport {
    let mut report = ProofReport {
        proofs: Vec::new(),
        status: ExitStatus::Success,
    };
    let interrupt = environment.interrupt;
    let opened = interrupt.unless(prepare::open(
        environment.preparation,
        environment.book,
        environment.reporter,
    ));
    let mut ready = match opened.await {
        None => return report.ended(ExitStatus::Interrupted),
        Some(Err(error)) => {
            prepare::tell(environment.reporter, &error);
            return report.ended(ExitStatus::Environment);
        }
        Some(Ok(ready)) => ready,
    };
    for stage in stages(labs) {
        let booted = prepare::boot(
            environment.preparation,
            environment.book,
            &mut ready,
            stage.profile,
            environment.reporter,
        );
        let booted = match interrupt.unless(booted).await {
            None => return report.ended(ExitStatus::Interrupted),
            Some(Err(error)) => {
                prepare::tell(environment.reporter, &error);
                return report.ended(ExitStatus::Environment);
            }
            Some(Ok(booted)) => booted,
        };
        let clock_offset = ready
            .stack
            .engine()
            .clock_offset()
            .await
            .unwrap_or_default();
        for variant in stage.labs.iter().flat_map(|lab| variants(lab)) {
            if interrupt.is_set() {
                return report.ended(ExitStatus::Interrupted);
            }
            environment.reporter.progress(&format!(
                "\n{}, {}, must end {}",
                variant.lab.id, variant.change, variant.expected
            ));
            let one = OneLab {
                lab: &variant.lab,
                booted: &booted,
                clock_offset,
                full_deadlines: true,
                broken_before: variant.broken_before.clone(),
            };
            let result = run_one(environment, &ready.stack, &ready.journal, one).await;
            report.proofs.push(Proof {
                lab: variant.lab.id.clone(),
                change: variant.change,
                expected: variant.expected,
                verdict: result.outcome.verdict,
            });
        }
    }
    let status = report.judge();
    report.ended(if interrupt.is_set() {
        ExitStatus::Interrupted
    } else {
        status
    })
}

impl ProofReport {
    fn ended(mut self, status: ExitStatus) -> Self {
        self.status = status;
        self
    }

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
