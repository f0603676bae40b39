//! `obsbook results`: what the last test run left, and whether it says anything about this book.

use crate::terminal::out;
use obsbook_lab::verdict::{ExitStatus, Verdict};

use super::args::{Common, Format};
use super::context::{Context, fail};
use crate::report::{Results, Table};

pub(super) fn run(common: &Common) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let path = context.book.root.join(&context.book.settings.results);
    let results = Results::read(&path, &context.book.book)
        .map_err(|error| fail(&error, Some(error.hint())))?;
    match context.format {
        Format::Json => out!("{}", serde_json::json!(results)),
        Format::Human => {
            let mut table = Table::new(["LAB", "VERDICT", "SECONDS", "WHY"]);
            for lab in &results.labs {
                let reason = lab.reason.clone().unwrap_or_default();
                table.row([
                    lab.id.clone(),
                    lab.verdict.to_string(),
                    format!("{:.1}", lab.seconds),
                    reason,
                ]);
            }
            out!("{}", table.to_string().trim_end());
        }
    }
    let statuses = results.labs.iter().map(|lab| ExitStatus::from(lab.verdict));
    let status = statuses.fold(ExitStatus::Success, ExitStatus::and);
    let ran = results
        .labs
        .iter()
        .any(|lab| lab.verdict != Verdict::Skipped);
    if !ran && !results.labs.is_empty() {
        return Err(fail(
            &"the last test run skipped every lab",
            Some("run `mdbook test` without a selection".to_owned()),
        ));
    }
    Ok(status)
}
