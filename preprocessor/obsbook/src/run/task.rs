//! One lab to be run, as it is or as a proof wants it.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use obsbook_lab::block::{Condition, Fault, Lab, Probe};
use obsbook_lab::event::Event;
use obsbook_lab::verdict::Verdict;

use super::lab::LabRun;
use super::mend::Mend;
use super::original::Original;
use super::outcome::Outcome;
use super::suite::Environment;
use crate::prepare::Ready;
use crate::stack::{Booted, Missing};

/// A lab that waits to be run.
#[derive(Debug, Clone)]
pub(super) struct Task<'a> {
    pub(super) lab: &'a Lab,
    /// Whether every expectation gets its whole time even when one has failed already.
    pub(super) full_deadlines: bool,
    /// Of a lab with a mistake: the lab without it.
    pub(super) original: Option<&'a Original>,
    /// A fault that is in place before the lab begins.
    pub(super) broken_before: Option<&'a Fault>,
    /// Of a challenge: what is done once its symptom shows.
    pub(super) mend: Option<&'a Mend>,
    /// What is said when it begins.
    pub(super) announcement: Option<String>,
}

/// How one lab ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LabResult {
    /// The lab's id.
    pub id: String,
    /// How it ended, and why.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

impl<'a> Task<'a> {
    /// Returns a lab as it is.
    pub(super) fn plain(lab: &'a Lab) -> Self {
        Self {
            lab,
            full_deadlines: false,
            original: None,
            broken_before: None,
            mend: None,
            announcement: None,
        }
    }

    /// Returns whether it asks telemetry and does nothing else: a query of the prose.
    pub(super) fn only_asks(&self) -> bool {
        let Lab {
            inject,
            disproved_by,
            steady,
            ..
        } = self.lab;
        let runs = |condition: &Condition| matches!(condition.probe, Probe::Run { .. });
        let breaks = inject.is_some() || disproved_by.is_some() || self.broken_before.is_some();
        !breaks && !steady.iter().any(runs)
    }

    /// Runs the lab on a stack that is ready.
    pub(super) async fn run(
        &self,
        environment: &Environment<'_>,
        ready: &Ready,
        booted: &Booted,
        clock_offset: SignedDuration,
    ) -> LabResult {
        let started = Instant::now();
        if let Some(announcement) = &self.announcement {
            environment.reporter.progress(announcement);
        }
        let signals = self.lab.signals();
        let mut missing = booted.missing.iter();
        if let Some(Missing {
            service,
            signal,
            reason,
        }) = missing.find(|missing| signals.contains(&missing.signal))
        {
            let reason = format!("it reads {signal}, and {service} {reason}");
            return self.not_run(environment, &reason);
        }
        let run = LabRun {
            stack: &ready.stack,
            lab: self.lab,
            journal: &ready.journal,
            reporter: environment.reporter,
            interrupt: environment.interrupt,
            services: &booted.services,
            clock_offset,
            full_deadlines: self.full_deadlines,
            original: self.original,
            broken_before: self.broken_before.cloned(),
            mend: self.mend.cloned(),
            hidden: false,
            busy: tokio::sync::Mutex::default(),
        };
        let outcome = run.run().await;
        LabResult {
            id: self.lab.id.clone(),
            outcome,
            took: started.elapsed(),
        }
    }

    /// Says that the lab could not be run: it ends `unsteady`, so that no report leaves it out.
    pub(super) fn not_run(&self, environment: &Environment<'_>, reason: &str) -> LabResult {
        let outcome = Outcome::new(Verdict::Unsteady, format!("not run: {reason}"));
        self.ended(environment, outcome)
    }

    /// Says how a lab ended that did not run.
    pub(super) fn ended(&self, environment: &Environment<'_>, outcome: Outcome) -> LabResult {
        environment.reporter.emit(
            Some(&self.lab.id),
            Event::LabFinished {
                verdict: outcome.verdict,
                reason: outcome.reason.clone(),
                seen: Vec::new(),
                seconds: 0.0,
            },
        );
        LabResult {
            id: self.lab.id.clone(),
            outcome,
            took: Duration::ZERO,
        }
    }
}
