//! `obsbook explain`: what labs will do.

use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Format};
use super::context::Context;
use crate::report::Explanation;
use crate::terminal::out;

pub(super) fn run(common: &Common, selectors: &[String]) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    context.check_blocks()?;
    let project = context.preparation.project(&context.book);
    for (index, lab) in context.select(selectors)?.into_iter().enumerate() {
        let explanation = Explanation::new(lab, &context.book, &project, &context.book.root);
        match context.format {
            Format::Json => out!("{}", serde_json::json!(explanation)),
            Format::Human if index > 0 => out!("\n{explanation}"),
            Format::Human => out!("{explanation}"),
        }
    }
    Ok(ExitStatus::Success)
}
