//! `obsbook prove`: show that each lab can fail.

use crate::terminal::out;
use obsbook_lab::verdict::ExitStatus;
use serde_json::json;

use super::args::{Common, Format};
use super::context::{Context, interrupt};
use crate::report::Table;
use crate::run::prove;

pub(super) async fn run(common: &Common, selectors: &[String]) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let labs = context.select(selectors)?;
    let interrupt = interrupt();
    let environment = context.environment(&interrupt);
    let report = prove(&environment, &labs).await;
    match context.format {
        Format::Json => {
            for proof in &report.proofs {
                let line = json!({
                    "v": 1, "run": context.reporter.run(), "lab": proof.lab, "event": "proof",
                    "change": proof.change, "expected": proof.expected, "verdict": proof.verdict, "holds": proof.holds(),
                });
                out!("{line}");
            }
        }
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
