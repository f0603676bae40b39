//! `obsbook doctor`: what this machine has and lacks.
use obsbook_lab::verdict::ExitStatus;

use super::args::Common;
use super::context::Context;

pub(super) async fn run(common: &Common) -> Result<ExitStatus, ExitStatus> {
    let _context = Context::load(common)?;
    Ok(ExitStatus::Success)
}
