//! `obsbook fault`: break the running stack by hand, as a lab would.

use obsbook_lab::block::Fault;
use obsbook_lab::event::Event;
use obsbook_lab::verdict::ExitStatus;

use super::args::Common;
use super::context::{Context, interrupt};
use crate::prepare;
use crate::run::break_by_hand;

pub(super) async fn run(
    common: &Common,
    service: &str,
    kind: &str,
    settings: &[String],
) -> Result<ExitStatus, ExitStatus> {
    let context = Context::load(common)?;
    let fault = match Fault::from_command(service, kind, settings, &context.book.around) {
        Ok(fault) => fault,
        Err(problems) => {
            for problem in problems {
                context.reporter.emit(None, Event::Diagnostic(problem));
            }
            return Err(ExitStatus::Invalid);
        }
    };
    let faults = [fault];
    let interrupt = interrupt();
    let work = break_by_hand(
        &context.preparation,
        &context.book,
        &context.reporter,
        &interrupt,
        "obsbook fault",
        &faults,
    );
    match work.await {
        Ok(false) => Ok(ExitStatus::Interrupted),
        Err(error) => {
            prepare::tell(&context.reporter, &error);
            Ok(ExitStatus::Environment)
        }
        Ok(true) => {
            context.reporter.progress(STAYS);
            Ok(ExitStatus::Success)
        }
    }
}

/// How long what is broken by hand stays so.
pub(super) const STAYS: &str =
    "it stays until `obsbook reset`, or until a lab or `obsbook up` needs a whole stack";
