//! The preprocessor: what mdBook starts, for reading (`html`) and for testing (`test`).

use crate::terminal::out;
use std::io::{IsTerminal, stderr, stdin};
use std::path::Path;

use mdbook_core::config::Config;
use obsbook_lab::event::Event;
use obsbook_lab::verdict::ExitStatus;

use super::args::Common;
use super::context::{fail, interrupt};
use super::outputs;
use crate::book::{self, LoadedBook, Settings};
use crate::prepare::Preparation;
use crate::report::{Human, Reporter, Results};
use crate::run::{Environment, jobs, run as run_labs};
use crate::terminal;
use obsbook_lab::selector::select;

pub(super) fn supports(renderer: &str) -> ExitStatus {
    // mdBook reads any failure as "no": 1 is the word for it.
    if book::supports(renderer) {
        ExitStatus::Success
    } else {
        ExitStatus::Failed
    }
}

pub(super) async fn preprocess(common: &Common) -> Result<ExitStatus, ExitStatus> {
    if stdin().is_terminal() {
        return Err(fail(
            &"obsbook without a command waits for a book from mdBook",
            Some("obsbook --help".to_owned()),
        ));
    }
    let (context, mdbook) =
        book::read_input(stdin().lock()).map_err(|error| fail(&error, Some(error.hint())))?;
    if context.renderer == "test" {
        make_room(&context.root, &context.config)?;
    }
    let loaded = LoadedBook::with_config(&context.root, &context.config)
        .map_err(|error| fail(&error, Some(error.hint())))?;
    // Standard output carries the book, so people are told on standard error.
    let colour = terminal::colour(stderr().is_terminal());
    let mut reporter = Reporter::new(vec![
        Box::<terminal::Progress>::default(),
        Box::new(Human::new(stderr(), colour)),
    ]);
    if context.renderer == "test" {
        let junit = loaded.settings.junit.as_ref();
        let junit = junit.map(|path| loaded.root.join(path));
        let github = outputs::in_github_actions();
        let kept = outputs::of_run(&loaded.root, junit.as_deref(), github)?;
        reporter = reporter.and(kept);
    }
    for diagnostic in &loaded.book.diagnostics {
        reporter.emit(None, Event::Diagnostic(diagnostic.clone()));
    }
    if !loaded.book.diagnostics.is_empty() {
        return Err(ExitStatus::Invalid);
    }
    let (status, out) = if context.renderer == "test" {
        (
            test(common, &loaded, &reporter).await?,
            book::unchanged(&mdbook),
        )
    } else {
        (
            ExitStatus::Success,
            book::unchanged(&book::render_html(mdbook, &loaded)),
        )
    };
    let out = out.map_err(|error| fail(&error, None))?;
    out!("{out}");
    Ok(status)
}

/// Removes what an earlier run has left: it must not speak for one that dies, or that a problem of the book ends.
fn make_room(root: &Path, config: &Config) -> Result<(), ExitStatus> {
    let settings =
        Settings::from_config(config).map_err(|error| fail(&error, Some(error.hint())))?;
    Results::remove(&root.join(&settings.results))
        .map_err(|error| fail(&error, Some(error.hint())))?;
    match &settings.junit {
        Some(path) => outputs::make_room(&root.join(path)),
        None => Ok(()),
    }
}

async fn test(
    common: &Common,
    loaded: &LoadedBook,
    reporter: &Reporter,
) -> Result<ExitStatus, ExitStatus> {
    let settings: &Settings = &loaded.settings;
    let path = loaded.root.join(&settings.results);
    let selectors = settings.select.selectors();
    let labs =
        select(&loaded.book, &selectors).map_err(|error| fail(&error.message, Some(error.hint)))?;
    let preparation = Preparation::of(common, loaded);
    let interrupt = interrupt();
    let environment = Environment {
        book: loaded,
        preparation: &preparation,
        reporter,
        interrupt: &interrupt,
        jobs: match loaded.settings.jobs {
            Some(asked) => asked.get(),
            None => jobs(loaded, &labs, &interrupt).await,
        },
    };
    let report = run_labs(&environment, &labs).await;
    let results = report.results(loaded, reporter.run());
    results.write(&path).map_err(|error| {
        fail(
            &format!(
                "the results cannot be written to {}: {error}",
                path.display()
            ),
            Some("set `results` in book.toml".to_owned()),
        );
        // What the labs showed is no less so.
        report.status.and(ExitStatus::Environment)
    })?;
    Ok(report.status)
}
