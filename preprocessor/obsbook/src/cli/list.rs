//! `obsbook list`: every lab, with where it stands.

use crate::terminal::out;
use obsbook_lab::block::Lab;
use obsbook_lab::verdict::ExitStatus;
use serde_json::json;

use super::args::{Common, Format, Share};
use super::context::Context;
use crate::report::Table;

pub(super) fn run(common: &Common, selectors: &[String]) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let share = Share {
        jobs: None,
        partition: None,
    };
    let labs = context.share_to_prove(selectors, &share)?;
    let chapter = |lab: &Lab| {
        context
            .book
            .book
            .chapter_of(lab)
            .map(obsbook_lab::book::Chapter::selector)
            .unwrap_or_default()
    };
    let faults = |lab: &Lab| -> Vec<&'static str> {
        // What a challenge breaks is for its reader to find out.
        let faults = lab.inject.iter().flatten();
        faults
            .filter(|_| lab.challenge.is_none())
            .map(|fault| fault.kind.word())
            .collect()
    };
    match context.format {
        Format::Json => {
            let rows: Vec<_> = labs
                .iter()
                .map(|lab| {
                    json!({
                        "id": lab.id, "kind": lab.kind, "chapter": chapter(lab), "profile": lab.profile,
                        "file": lab.file, "line": lab.at.line, "faults": faults(lab),
                    })
                })
                .collect();
            out!("{}", serde_json::Value::Array(rows));
        }
        Format::Human => {
            let mut table = Table::new(["LAB", "KIND", "CHAPTER", "PROFILE", "FAULTS", "PLACE"]);
            for lab in labs {
                let place = format!("{}:{}", lab.file.display(), lab.at.line);
                let faults = faults(lab);
                let faults = if faults.is_empty() {
                    "–".to_owned()
                } else {
                    faults.join(", ")
                };
                table.row([
                    lab.id.clone(),
                    lab.kind.word().to_owned(),
                    chapter(lab),
                    lab.profile.clone(),
                    faults,
                    place,
                ]);
            }
            out!("{}", table.to_string().trim_end());
        }
    }
    Ok(ExitStatus::Success)
}
