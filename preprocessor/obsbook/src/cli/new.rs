//! `obsbook new`: a lesson or a lab that lints clean.

use obsbook_lab::verdict::ExitStatus;
use serde_json::json;

use super::args::{Common, Format, New};
use super::context::{Context, fail};
use crate::book::{CreateError, NewLab, NewLesson};
use crate::terminal::out;

pub(super) fn run(common: &Common, what: &New) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let made = match what {
        New::Lesson { name, title, after } => lesson(
            &context,
            &NewLesson {
                name,
                title: title.as_deref(),
                after: after.as_deref(),
            },
        ),
        New::Lab {
            id,
            chapter,
            title,
            fault,
            service,
            to,
        } => {
            let lab = NewLab {
                id,
                title: title.as_deref(),
                fault,
                service: service.as_deref(),
                to: to.as_deref(),
            };
            match chapter {
                Some(chapter) => appended(&context, &lab, chapter),
                None => printed(&context, &lab),
            }
        }
    };
    made.map(|()| ExitStatus::Success)
        .map_err(|error| fail(&error, Some(error.hint())))
}

fn lesson(context: &Context, lesson: &NewLesson) -> Result<(), CreateError> {
    let made = context.book.create_lesson(lesson)?;
    match context.format {
        Format::Json => out!("{}", json!(made)),
        Format::Human => {
            out!(
                "{}: a chapter with the lab `{}`",
                made.file.display(),
                made.lab
            );
            out!("{}: its line", made.summary.display());
        }
    }
    next(context, &made.lab);
    Ok(())
}

fn appended(context: &Context, lab: &NewLab, chapter: &std::path::Path) -> Result<(), CreateError> {
    let made = context.book.append_lab(lab, chapter)?;
    match context.format {
        Format::Json => out!("{}", json!(made)),
        Format::Human => out!(
            "{}:{}: the lab `{}`",
            made.file.display(),
            made.line,
            made.lab
        ),
    }
    next(context, &made.lab);
    Ok(())
}

fn printed(context: &Context, lab: &NewLab) -> Result<(), CreateError> {
    let block = context.book.outline_lab(lab)?;
    match context.format {
        Format::Json => out!("{}", json!({"lab": lab.id, "block": block})),
        Format::Human => out!("{}", block.trim_end()),
    }
    Ok(())
}

fn next(context: &Context, lab: &str) {
    context.reporter.progress(&format!(
        "run it with `obsbook check {lab}`, and show that it can fail with `obsbook prove {lab}`"
    ));
}
