//! `obsbook check`: run labs.

use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Reports, Share};
use super::context::{Context, interrupt};
use super::outputs;
use crate::prepare;
use crate::run::run as run_labs;

pub(super) async fn run(
    common: &Common,
    selectors: &[String],
    down: bool,
    share: &Share,
    reports: &Reports,
) -> Result<ExitStatus, ExitStatus> {
    if let Some(junit) = &reports.junit {
        outputs::make_room(junit)?;
    }
    let context = Context::load(common)?.keeping(reports)?;
    context.check_blocks()?;
    let labs = context.share(selectors, share)?;
    let interrupt = interrupt();
    let environment = context.environment(&interrupt, share, &labs).await;
    let report = run_labs(&environment, &labs).await;
    let mut status = report.status;
    if down {
        let Context {
            preparation,
            book,
            reporter,
            ..
        } = &context;
        let ended = prepare::down(preparation, book, reporter, false).await;
        status = status.and(ended.err().map_or(ExitStatus::Success, |error| {
            prepare::tell(&context.reporter, &error);
            ExitStatus::Environment
        }));
    }
    Ok(status)
}
