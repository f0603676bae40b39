//! What most commands begin with: the book, its problems, and where reports go.

use std::path::PathBuf;

use obsbook_lab::block::Lab;
use obsbook_lab::event::Event;
use obsbook_lab::selector::{select, select_queries, select_to_prove};
use obsbook_lab::suggest;
use obsbook_lab::verdict::ExitStatus;

use super::args::{Common, Format, Given, Reports, Share};
use super::outputs;
use crate::book::{LoadedBook, SettingsError, find_root};
use crate::images::Source;
use crate::prepare::Preparation;
use crate::report::Reporter;
use crate::run::{Environment, Interrupt, jobs};
use crate::stack::{Options, Project};
use crate::terminal::told;

/// A command's surroundings.
pub(super) struct Context {
    pub(super) book: LoadedBook,
    pub(super) reporter: Reporter,
    pub(super) preparation: Preparation,
    pub(super) format: Format,
}

impl Context {
    /// Returns the book and reporter of a command; an error has been told already.
    pub(super) fn load(common: &Common) -> Result<Self, ExitStatus> {
        let root = root(common).map_err(|error| fail(&error, Some(error.hint())))?;
        let book = LoadedBook::load(&root).map_err(|error| fail(&error, Some(error.hint())))?;
        Ok(Self {
            preparation: Preparation::of(common, &book),
            reporter: Reporter::new(outputs::printed(common.format)),
            format: common.format,
            book,
        })
    }

    /// Returns the surroundings of a command that runs labs: what it leaves behind, and the reports that are wanted, come with it.
    pub(super) fn keeping(mut self, reports: &Reports) -> Result<Self, ExitStatus> {
        let github = reports.github || outputs::in_github_actions();
        let kept = outputs::of_run(&self.book.root, reports.junit.as_deref(), github)?;
        self.reporter = self.reporter.and(kept);
        Ok(self)
    }

    /// Tells every problem of the book; with any, nothing may run.
    pub(super) fn check_blocks(&self) -> Result<(), ExitStatus> {
        for diagnostic in &self.book.book.diagnostics {
            self.reporter
                .emit(None, Event::Diagnostic(diagnostic.clone()));
        }
        match self.book.book.diagnostics.len() {
            0 => Ok(()),
            count => {
                let plural = if count == 1 { "problem" } else { "problems" };
                self.reporter
                    .progress(&format!("{count} {plural}; nothing was run"));
                Err(ExitStatus::Invalid)
            }
        }
    }

    /// Returns what a run of `labs` needs besides them.
    pub(super) async fn environment<'a>(
        &'a self,
        interrupt: &'a Interrupt,
        share: &Share,
        labs: &[&Lab],
    ) -> Environment<'a> {
        let jobs = match Given::value(share.jobs.as_ref()) {
            Some(asked) => asked.get(),
            None => jobs(&self.book, labs, interrupt).await,
        };
        Environment {
            book: &self.book,
            preparation: &self.preparation,
            reporter: &self.reporter,
            interrupt,
            jobs,
        }
    }

    /// Returns this machine's share of the labs that `selectors` name.
    pub(super) fn share(
        &self,
        selectors: &[String],
        share: &Share,
    ) -> Result<Vec<&Lab>, ExitStatus> {
        Ok(picked(self.select(selectors)?, share))
    }

    /// Returns this machine's share of the labs that `selectors` name, challenges as well.
    pub(super) fn share_to_prove(
        &self,
        selectors: &[String],
        share: &Share,
    ) -> Result<Vec<&Lab>, ExitStatus> {
        let labs = select_to_prove(&self.book.book, selectors)
            .map_err(|error| fail(&error.message, Some(error.hint)))?;
        Ok(picked(labs, share))
    }

    /// Returns this machine's share of the prose's queries that `selectors` name.
    pub(super) fn share_queries(
        &self,
        selectors: &[String],
        share: &Share,
    ) -> Result<Vec<&Lab>, ExitStatus> {
        let queries = select_queries(&self.book.book, selectors)
            .map_err(|error| fail(&error.message, Some(error.hint)))?;
        Ok(picked(queries, share))
    }

    /// Returns the lab of this id, of whatever kind.
    pub(super) fn lab(&self, id: &str) -> Result<&Lab, ExitStatus> {
        let labs = || self.book.book.labs();
        labs().find(|lab| lab.id == id).ok_or_else(|| {
            let hint = suggest::hint(id, labs().map(|lab| lab.id.as_str()));
            fail(&format!("there is no lab `{id}`"), Some(hint))
        })
    }

    /// Returns the labs that `selectors` name.
    pub(super) fn select(&self, selectors: &[String]) -> Result<Vec<&Lab>, ExitStatus> {
        select(&self.book.book, selectors).map_err(|error| fail(&error.message, Some(error.hint)))
    }
}

/// Returns this machine's share of labs.
fn picked<'b>(labs: Vec<&'b Lab>, share: &Share) -> Vec<&'b Lab> {
    match share.partition {
        Some(partition) => partition.pick(&labs),
        None => labs,
    }
}

impl Preparation {
    /// Returns how a command finds and brings up the stack: its flags and their variables win over book.toml.
    pub(super) fn of(common: &Common, book: &LoadedBook) -> Self {
        Self {
            options: Options {
                project: Given::value(common.project.as_ref()).map(Project::from),
                dynamic_ports: common.dynamic_ports,
            },
            images: common.images.map(Source::from).or(book.settings.images),
            install: common.install || book.settings.install,
        }
    }
}

/// Returns the folder of the book that the flags name, or that the process is in.
pub(super) fn root(common: &Common) -> Result<PathBuf, SettingsError> {
    let here = std::env::current_dir().unwrap_or_default();
    match &common.book {
        Some(folder) if folder.join("book.toml").is_file() => Ok(folder.clone()),
        Some(folder) => Err(SettingsError::NoBook(folder.clone())),
        None => find_root(&here),
    }
}

/// Returns an interrupt that says at the first signal what happens now.
pub(super) fn interrupt() -> Interrupt {
    let listening = Interrupt::listen(|first| {
        if first {
            told!("\ninterrupted: undoing what is broken, then ending");
        } else {
            told!("still undoing; the stack would stay broken otherwise");
        }
    });
    listening.unwrap_or_default()
}

/// Tells an error of usage or of the book, and returns its exit status.
pub(super) fn fail(error: &dyn std::fmt::Display, hint: Option<String>) -> ExitStatus {
    told!("error: {error}");
    if let Some(hint) = hint {
        told!("  = help: {hint}");
    }
    ExitStatus::Invalid
}
