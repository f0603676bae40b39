//! `obsbook prove`: show that each lab can fail.

use crate::terminal::out;
use obsbook_lab::verdict::ExitStatus;
use serde_json::json;

use super::args::{Common, Format, Share};
use super::context::{Context, interrupt};
use crate::report::Table;
use crate::run::{Proof, prove};

pub(super) async fn run(
    common: &Common,
    selectors: &[String],
    share: &Share,
) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let labs = context.share(selectors, share)?;
    let interrupt = interrupt();
    let environment = context.environment(&interrupt, share, &labs);
    let tell = |proof: &Proof| {
        if context.format == Format::Json {
            let line = json!({
                "v": 1, "run": context.reporter.run(), "lab": proof.lab, "event": "proof",
                "change": proof.change, "expected": proof.expected, "verdict": proof.verdict, "holds": proof.holds(),
            });
            out!("{line}");
        }
    };
    let report = prove(&environment, &labs, &tell).await;
    match context.format {
        Format::Json => {}
        Format::Human => {
            let mut table = Table::new(["LAB", "CHANGE", "EXPECTED", "VERDICT", "PROVEN"]);
            for proof in &report.proofs {
                let proven = if proof.holds() { "yes" } else { "NO" };
                table.row([
                    proof.lab.clone(),
                    proof.change.clone(),
                    proof.expected.to_string(),
                    proof.verdict.to_string(),
                    proven.to_owned(),
                ]);
            }
            out!("\n{table}");
        }
    }
    Ok(report.status)
}
