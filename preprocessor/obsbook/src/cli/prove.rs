//! `obsbook prove`: show that each lab can fail, that mistakes in it are noticed, and that the prose's queries return data.

use std::collections::BTreeMap;
use std::time::Instant;

use obsbook_lab::block::Lab;
use obsbook_lab::event::Event;
use obsbook_lab::partition::Partition;
use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Share};
use super::context::{Context, fail, interrupt};
use crate::run::{Equivalents, Ledger, Proof, Variant, mutations, prove, query, variants};

/// Where a book lists the mistakes that need not be noticed, relative to its root.
const EQUIVALENTS: &str = "labs/equivalent-mutants.toml";

/// Which variants are to be proven.
pub(super) struct Wanted {
    pub(super) mutants: bool,
    pub(super) queries: bool,
    pub(super) sample: Option<Partition>,
    pub(super) again: bool,
}

pub(super) async fn run(
    common: &Common,
    selectors: &[String],
    share: &Share,
    wanted: &Wanted,
) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let labs = if wanted.queries {
        context.share_queries(selectors, share)?
    } else {
        context.share_to_prove(selectors, share)?
    };
    let all = wanted.variants(&context, &labs);
    let equivalents = Equivalents::read(&context.book.root.join(EQUIVALENTS)).map_err(|error| {
        fail(
            &error,
            Some("a list of [[mutant]], each with lab, change and reason".to_owned()),
        )
    })?;
    let mut ledger = Ledger::open(&context.book);
    let interrupt = interrupt();
    let environment = context.environment(&interrupt, share, &labs).await;
    let tell = |proof: &Proof| {
        context.reporter.emit(Some(&proof.lab), proof.into());
    };
    if wanted.again {
        ledger.forget();
    }
    let begun = Instant::now();
    let report = prove(&environment, &all, &ledger, &equivalents, &tell).await;
    let mut counts = BTreeMap::new();
    for proof in &report.proofs {
        *counts.entry(proof.verdict).or_default() += 1;
    }
    let finished = Event::RunFinished {
        counts,
        status: report.status.code(),
        seconds: begun.elapsed().as_secs_f64(),
    };
    context.reporter.emit(None, finished);
    Ok(report.status)
}

impl Wanted {
    fn variants(&self, context: &Context, labs: &[&Lab]) -> Vec<Variant> {
        let model = context.book.around.model.as_ref();
        let of = |lab: &&Lab| {
            if self.queries {
                vec![query(lab)]
            } else if self.mutants {
                mutations(lab, model)
            } else {
                variants(lab)
            }
        };
        let all: Vec<Variant> = labs.iter().flat_map(of).collect();
        match self.sample {
            None => all,
            Some(sample) => {
                let sample = sample.pick(&all.iter().collect::<Vec<_>>());
                sample.into_iter().cloned().collect()
            }
        }
    }
}

impl From<&Proof> for Event {
    fn from(proof: &Proof) -> Self {
        let noticed = proof.expected.holds(proof.verdict);
        Self::Proof {
            change: proof.change.clone(),
            expected: proof.expected.to_string(),
            verdict: proof.verdict,
            holds: proof.holds(),
            kept: proof.kept,
            // What was noticed needs no excuse.
            equivalent: proof.equivalent.clone().filter(|_| !noticed),
        }
    }
}
