//! `obsbook down`: take the stack down.

use obsbook_lab::verdict::ExitStatus;

use super::args::Common;
use super::context::Context;
use crate::prepare;

pub(super) async fn run(
    common: &Common,
    volumes: bool,
    engine: bool,
) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let Context {
        preparation,
        book,
        reporter,
        ..
    } = &context;
    if let Err(error) = prepare::down(preparation, book, reporter, volumes).await {
        prepare::tell(reporter, &error);
        return Ok(ExitStatus::Environment);
    }
    if engine && let Err(error) = prepare::stop_engine(&context.reporter).await {
        prepare::tell(&context.reporter, &error);
        return Ok(ExitStatus::Environment);
    }
    Ok(ExitStatus::Success)
}
