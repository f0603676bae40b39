//! `obsbook progress`: what the reader has passed, chapter by chapter.

use obsbook_lab::block::{Kind, Lab};
use obsbook_lab::verdict::ExitStatus;
use serde_json::json;

use super::args::{Common, Format};
use super::context::{Context, fail};
use crate::report::{Progress, Steps, Table};
use crate::terminal::out;

pub(super) fn run(common: &Common) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let progress =
        Progress::read(&context.book.root).map_err(|error| fail(&error, Some(error.hint())))?;
    match context.format {
        Format::Json => print_json(&context, &progress),
        Format::Human => print_human(&context, &progress),
    }
    Ok(ExitStatus::Success)
}

fn print_human(context: &Context, progress: &Progress) {
    let book = &context.book.book;
    let mut table = Table::new(["CHAPTER", "PASSED", "TO DO NEXT"]);
    for chapter in &book.chapters {
        let labs: Vec<_> = book
            .labs()
            .filter(|lab| book.chapter_of(lab) == Some(chapter))
            .collect();
        if labs.is_empty() {
            continue;
        }
        let done = |lab: &&&Lab| progress.of(&lab.id).is_done(lab);
        let passed = labs.iter().filter(done).count();
        let next = labs.iter().find(|lab| !done(lab));
        table.row([
            chapter.name.clone(),
            format!("{passed} of {}", labs.len()),
            next.map_or("-".to_owned(), |lab| todo(lab, &progress.of(&lab.id))),
        ]);
    }
    out!("{}", table.to_string().trim_end());
}

fn todo(lab: &Lab, steps: &Steps) -> String {
    let id = &lab.id;
    match lab.kind {
        Kind::Challenge if steps.gave_up > steps.started => {
            format!("obsbook challenge start {id} (given up before)")
        }
        Kind::Challenge if steps.is_mended() => {
            format!("obsbook challenge answer {id} (it is mended)")
        }
        Kind::Challenge if steps.started.is_some() => format!("obsbook challenge answer {id}"),
        Kind::Challenge => format!("obsbook challenge start {id}"),
        Kind::Exercise if steps.runs > 0 => format!("obsbook check {id} (tried {})", steps.runs),
        Kind::Lab | Kind::Exercise => format!("obsbook check {id}"),
    }
}

fn print_json(context: &Context, progress: &Progress) {
    let book = &context.book.book;
    let row = |lab: &Lab| {
        let steps = progress.of(&lab.id);
        json!({
            "id": lab.id, "kind": lab.kind, "chapter": book.chapter_of(lab).map(|chapter| &chapter.name),
            "runs": steps.runs, "passed": steps.passed, "hints": steps.hints,
            "started": steps.started, "answered": steps.answered, "gave_up": steps.gave_up,
        })
    };
    let all: Vec<_> = book.labs().map(row).collect();
    out!("{}", json!(all));
}
