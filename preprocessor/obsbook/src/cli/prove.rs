//! `obsbook prove`: show that each lab can fail, that mistakes in it are noticed, and that the prose's queries return data.

use obsbook_lab::block::Lab;
use obsbook_lab::partition::Partition;
use obsbook_lab::verdict::ExitStatus;
use serde_json::json;

use super::args::{Common, Format, Share};
use super::context::{Context, fail, interrupt};
use crate::report::Table;
use crate::run::{Equivalents, Ledger, Proof, Variant, mutations, prove, query, variants};
use crate::terminal::out;

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
    let mut ledger = Ledger::open(&context.book)
        .map_err(|error| fail(&format!("failed to read the stack's files: {error}"), None))?;
    let interrupt = interrupt();
    let environment = context.environment(&interrupt, share, &labs);
    let tell = |proof: &Proof| {
        if context.format == Format::Json {
            let run = context.reporter.run();
            out!("{}", event(run, proof));
        }
    };
    if wanted.again {
        ledger.forget();
    }
    let report = prove(&environment, &all, &ledger, &equivalents, &tell).await;
    if context.format == Format::Human {
        print(&report.proofs);
    }
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

fn event(run: &str, proof: &Proof) -> serde_json::Value {
    json!({
        "v": 1, "run": run, "lab": proof.lab, "event": "proof",
        "change": proof.change, "expected": proof.expected.to_string(), "verdict": proof.verdict,
        "holds": proof.holds(), "kept": proof.kept, "equivalent": proof.equivalent,
    })
}

fn print(proofs: &[Proof]) {
    let mut table = Table::new(["LAB", "CHANGE", "EXPECTED", "VERDICT", "PROVEN"]);
    for proof in proofs {
        let proven = match (proof.holds(), &proof.equivalent, proof.kept) {
            (false, ..) => "NO".to_owned(),
            (true, Some(reason), _) if !proof.expected.holds(proof.verdict) => {
                format!("need not be: {reason}")
            }
            (true, _, true) => "yes, before".to_owned(),
            (true, ..) => "yes".to_owned(),
        };
        table.row([
            proof.lab.clone(),
            proof.change.clone(),
            proof.expected.to_string(),
            proof.verdict.to_string(),
            proven,
        ]);
    }
    out!("\n{table}");
    let holds = proofs.iter().filter(|proof| proof.holds()).count();
    out!("{holds} of {} proven", proofs.len());
}
