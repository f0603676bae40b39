//! From arguments to an exit status.

use clap::Parser;
use obsbook_lab::verdict::ExitStatus;

use super::args::{Cli, Command};
use super::{
    challenge, check, completions, doctor, down, explain, fault, hint, lint, list, mdbook, new,
    progress, prove, replay, reset, results, scenario, schema, serve, status, up, watch,
};
use crate::terminal;

/// Runs the command that the process's arguments name, and returns its exit status.
pub async fn run() -> ExitStatus {
    let mut arguments = std::env::args_os().skip(1);
    // A variable that some other command refuses must not keep mdBook from its answer: it would leave all labs out.
    if arguments
        .next()
        .is_some_and(|command| command == "supports")
        && let (Some(renderer), None) = (arguments.next(), arguments.next())
        && !renderer.to_string_lossy().starts_with('-')
    {
        return mdbook::supports(&renderer.to_string_lossy());
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                ExitStatus::Invalid
            } else {
                ExitStatus::Success
            };
        }
    };
    let common = &cli.common;
    let done = match &cli.command {
        None => mdbook::preprocess(common).await,
        Some(Command::Supports { renderer }) => return mdbook::supports(renderer),
        Some(Command::Check {
            selectors,
            watch: true,
            share,
            reports,
            ..
        }) => watch::run(common, selectors, share, reports).await,
        Some(Command::Check {
            selectors,
            down,
            share,
            reports,
            ..
        }) => check::run(common, selectors, *down, share, reports).await,
        Some(Command::Replay { run, reports }) => replay::run(common, run.as_deref(), reports),
        Some(Command::Explain { selectors }) => explain::run(common, selectors),
        Some(Command::List { selectors }) => list::run(common, selectors),
        Some(Command::Lint) => lint::run(common),
        Some(Command::Up { profile }) => up::run(common, profile.as_deref()).await,
        Some(Command::Down { volumes, engine }) => down::run(common, *volumes, *engine).await,
        Some(Command::Status) => status::run(common).await,
        Some(Command::Doctor { verify }) => doctor::run(common, *verify).await,
        Some(Command::Scenario { name }) => scenario::run(common, name.as_deref()).await,
        Some(Command::Fault {
            service,
            kind,
            settings,
        }) => fault::run(common, service, kind, settings).await,
        Some(Command::Reset) => reset::run(common).await,
        Some(Command::Prove {
            selectors,
            mutants,
            queries,
            sample,
            again,
            share,
        }) => {
            let wanted = prove::Wanted {
                mutants: *mutants,
                queries: *queries,
                sample: *sample,
                again: *again,
            };
            prove::run(common, selectors, share, &wanted).await
        }
        Some(Command::Serve { port, origins }) => serve::run(common, *port, origins).await,
        Some(Command::Hint { id }) => hint::run(common, id),
        Some(Command::Challenge { step }) => challenge::run(common, step).await,
        Some(Command::Progress) => progress::run(common),
        Some(Command::Results) => results::run(common),
        Some(Command::New { what }) => new::run(common, what),
        Some(Command::Schema { of }) => Ok(schema::run(*of)),
        Some(Command::Completions { shell }) => Ok(completions::run(*shell)),
    };
    // A command either returns its status or has told why it ended early: both are statuses.
    let status = done.unwrap_or_else(|status| status);
    if terminal::has_lost_output() {
        return status.and(ExitStatus::Environment);
    }
    status
}
