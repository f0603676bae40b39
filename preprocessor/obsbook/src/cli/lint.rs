//! `obsbook lint`: every problem of every lab block.

use crate::terminal::out;
use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Format};
use super::context::Context;

pub(super) fn run(common: &Common) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    if context.format == Format::Human {
        let labs = context.book.book.labs().count();
        let chapters = context.book.book.chapters.len();
        out!(
            "{} in {}, no problem",
            counted(labs, "lab"),
            counted(chapters, "chapter")
        );
    }
    Ok(ExitStatus::Success)
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
