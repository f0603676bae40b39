//! `obsbook completions`: a script that completes commands and flags in a shell.

use clap::CommandFactory;
use clap_complete::Shell;
use obsbook_lab::verdict::ExitStatus;

use super::args::Cli;
use crate::terminal::out;

pub(super) fn run(shell: Shell) -> ExitStatus {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "obsbook", &mut script);
    out!("{}", String::from_utf8_lossy(&script).trim_end());
    ExitStatus::Success
}
