//! `obsbook reset`: undo every fault, whoever made it.

use obsbook_lab::verdict::ExitStatus;

use super::args::Common;
use super::context::{Context, interrupt};
use crate::prepare;

pub(super) async fn run(common: &Common) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let work = prepare::reset(&context.preparation, &context.book, &context.reporter);
    match interrupt().unless(work).await {
        None => Ok(ExitStatus::Interrupted),
        Some(Ok(())) => Ok(ExitStatus::Success),
        Some(Err(error)) => {
            prepare::tell(&context.reporter, &error);
            Ok(ExitStatus::Environment)
        }
    }
}
