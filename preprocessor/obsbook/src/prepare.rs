//! From nothing to a stack that may be broken: engine, lock, leftovers, images, containers.

use std::sync::Mutex;

use obsbook_lab::event::Event;

use crate::book::LoadedBook;
use crate::engine::{Container, Engine, State};
use crate::fault::{InjectError, UndoError, undo_everything};
use crate::images::{Choice, ImagesError, Source, choose, ensure};
use crate::install::{InstallError, install, missing, stop_engine_we_started};
use crate::report::Reporter;
use crate::stack::{
    BootError, Booted, Entry, Journal, JournalError, Lock, LockError, Missing, Options, Recovered,
    Stack, StackError, recover,
};

/// How the stack is found and brought up.
#[derive(Debug, Clone, Default)]
pub struct Preparation {
    /// Which stack.
    pub options: Options,
    /// Where images come from; obsbook finds out when absent.
    pub images: Option<Source>,
    /// Whether what is missing may be installed.
    pub install: bool,
}

impl Preparation {
    /// Returns the compose project that the stack has.
    pub fn project(&self, book: &LoadedBook) -> String {
        self.options
            .project
            .clone()
            .unwrap_or_else(|| book.project())
    }
}

/// A stack that nobody else works on and that owes no undo.
pub struct Ready {
    /// The stack.
    pub stack: Stack,
    /// Its journal.
    pub journal: Mutex<Journal>,
    _lock: Lock,
}

/// Why there is no such stack.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The engine or the compose files.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// Somebody else works on it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A fault of an earlier run is still in place.
    #[error("{left} fault(s) of an earlier run could not be undone")]
    Leftovers {
        /// How many.
        left: usize,
    },
    /// Containers.
    #[error(transparent)]
    Boot(#[from] BootError),
    /// Images.
    #[error(transparent)]
    Images(#[from] ImagesError),
    /// What `--install` does.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// What holds or carries a signal did not come up.
    #[error("{0}")]
    Missing(Missing),
    /// A scenario is for a stack that runs.
    #[error("no stack runs, so there is nothing to break")]
    NothingRuns,
    /// A fault that cannot be put in place.
    #[error("failed to {fault}: {error}")]
    Inject {
        /// The fault in words.
        fault: String,
        /// The reason.
        error: InjectError,
    },
    /// A fault that cannot be ended.
    #[error(transparent)]
    Undo(#[from] UndoError),
}

impl PrepareError {
    /// Returns the next command to type.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Stack(error) => error.hint(),
            Self::Lock(LockError::Taken { .. }) => Some("wait until it has ended, or use a stack of your own: --project NAME --dynamic-ports".to_owned()),
            Self::Lock(LockError::File { .. }) => {
                Some("make room or give permission there, or set XDG_STATE_HOME to another folder".to_owned())
            }
            Self::Journal(error) => Some(error.hint()),
            Self::Leftovers { .. } => Some("obsbook reset".to_owned()),
            Self::Boot(error) => error.hint(),
            Self::Images(error) => error.hint(),
            Self::Install(error) => error.hint(),
            Self::Missing(missing) => Some(format!("docker compose logs {}", missing.service)),
            Self::NothingRuns => Some("obsbook up".to_owned()),
            Self::Inject { .. } | Self::Undo(_) => Some("obsbook status".to_owned()),
        }
    }

    /// Returns the last lines of the culprit's log.
    pub fn log(&self) -> &[String] {
        match self {
            Self::Boot(error) => error.log(),
            Self::Images(error) => error.lines(),
            Self::Install(error) => error.lines(),
            _ => &[],
        }
    }
}

/// Tells an error with the culprit's last lines and the next command; returns it in one line.
pub fn tell(reporter: &Reporter, error: &PrepareError) -> String {
    for line in error.log() {
        reporter.progress(&format!("  | {line}"));
    }
    reporter.progress(&format!("error: {error}"));
    if let Some(hint) = error.hint() {
        reporter.progress(&format!("  = help: {hint}"));
    }
    error.to_string()
}

/// What a registry is asked for, to see whether one answers: the image under most of the others.
const REGISTRY_PROBE: &str = "debian:bookworm-slim";

/// Returns the stack of a book, locked, with every fault of earlier runs undone.
///
/// # Errors
/// The engine, the lock or the journal cannot be had, or a leftover cannot be undone.
pub async fn open(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
) -> Result<Ready, PrepareError> {
    let (ready, left) = lock_and_recover(preparation, book, reporter, |_| true).await?;
    if left > 0 {
        return Err(PrepareError::Leftovers { left });
    }
    Ok(ready)
}

/// As [`open`], but leaves the faults in place that somebody made by hand, so that another can be put beside them.
///
/// # Errors
/// As [`open`].
pub async fn open_beside_hand_made(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
) -> Result<Ready, PrepareError> {
    let abandoned = |entry: &Entry| !entry.by_hand;
    let (ready, left) = lock_and_recover(preparation, book, reporter, abandoned).await?;
    if left > 0 {
        return Err(PrepareError::Leftovers { left });
    }
    Ok(ready)
}

/// Returns the stack and how many leftovers could not be undone.
async fn lock_and_recover(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<(Ready, usize), PrepareError> {
    if preparation.install {
        install_missing(None, reporter).await?;
    }
    let stack = Stack::open(book, &preparation.options).await?;
    let lock = Lock::take(&stack.directory())?;
    let mut journal = Journal::open(&stack.directory())?;
    let recovered = recover(&stack, &mut journal, wanted).await?;
    let left = tell_recovered(reporter, &recovered);
    let ready = Ready {
        stack,
        journal: Mutex::new(journal),
        _lock: lock,
    };
    Ok((ready, left))
}

async fn install_missing(source: Option<Source>, reporter: &Reporter) -> Result<(), PrepareError> {
    let steps = missing(source).await?;
    install(&steps, &mut |progress| reporter.building(&progress)).await?;
    Ok(())
}

/// Returns from where the images of a stack come.
///
/// # Errors
/// A setting names no source.
pub async fn image_source(preparation: &Preparation, stack: &Stack) -> Result<Choice, ImagesError> {
    choose(
        stack.engine(),
        &stack.compose().root,
        preparation.images,
        REGISTRY_PROBE,
    )
    .await
}

/// Says what was left behind and what became of it; returns how much is left still.
pub fn tell_recovered(reporter: &Reporter, recovered: &[Recovered]) -> usize {
    for Recovered { entry, result } in recovered {
        let what = if entry.by_hand {
            format!("broken by hand ({}): {}", entry.lab, entry.fault)
        } else {
            format!(
                "run {} of {} ended without undoing: {}",
                entry.run, entry.lab, entry.fault
            )
        };
        match result {
            Ok(()) => reporter.progress(&format!("{what}; it is undone now")),
            Err(error) => reporter.progress(&format!("{what}; it cannot be undone: {error}")),
        }
    }
    recovered
        .iter()
        .filter(|recovered| recovered.result.is_err())
        .count()
}

/// Brings `profile` up and returns once it is ready.
///
/// # Errors
/// Images cannot be had, or a container does not become healthy.
pub async fn boot(
    preparation: &Preparation,
    book: &LoadedBook,
    ready: &mut Ready,
    profile: &str,
    reporter: &Reporter,
) -> Result<Booted, PrepareError> {
    let choice = image_source(preparation, &ready.stack).await?;
    if preparation.install {
        install_missing(Some(choice.source), reporter).await?;
    }
    let engine = ready.stack.engine().clone();
    let variable = ("OBSBOOK_IMAGES".to_owned(), choice.source.name().to_owned());
    ready.stack.set_environment([variable]);
    if choice.source == Source::Registry {
        let profiles = book.settings.registry_profiles.clone();
        ready.stack.set_profiles_beside(profiles);
    }
    let compose = ready.stack.compose();
    ensure(&engine, compose, profile, &choice, &mut |progress| {
        reporter.building(&progress)
    })
    .await?;
    let booted = ready
        .stack
        .boot(profile, &[], &mut |line| reporter.activity(line))
        .await?;
    tell_ready(reporter, profile, &booted);
    for missing in &booted.missing {
        reporter.progress(&format!("warning: {missing}"));
    }
    Ok(booted)
}

fn tell_ready(reporter: &Reporter, profile: &str, booted: &Booted) {
    let event = Event::StackReady {
        profile: profile.to_owned(),
        reused: booted.reused,
        seconds: booted.took.as_secs_f64(),
    };
    reporter.emit(None, event);
}

/// Takes the stack down; faults go with their containers.
///
/// # Errors
/// The engine, the lock or `docker compose down` fails.
pub async fn down(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
    volumes: bool,
) -> Result<(), PrepareError> {
    let stack = Stack::open(book, &preparation.options).await?;
    let _lock = Lock::take(&stack.directory())?;
    let mut journal = Journal::open(&stack.directory())?;
    stack
        .compose()
        .down(volumes, &mut |line| reporter.activity(line))
        .await
        .map_err(BootError::from)?;
    for entry in journal.entries().to_vec() {
        journal.remove(&entry)?;
        reporter.progress(&format!(
            "gone with its container: {} (lab {})",
            entry.fault, entry.lab
        ));
    }
    Ok(())
}

/// Undoes every fault that can be found, whoever made it, and waits until the stack is healthy.
///
/// # Errors
/// The stack does not become healthy.
pub async fn reset(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
) -> Result<(), PrepareError> {
    // What cannot be undone now may be once the stack is up again.
    let (ready, left) = lock_and_recover(preparation, book, reporter, |_| true).await?;
    let containers = ready.stack.containers().await.map_err(BootError::from)?;
    if containers.is_empty() {
        reporter.progress("nothing runs, so nothing is broken");
        return Ok(());
    }
    for container in containers
        .iter()
        .filter(|container| container.state == State::Paused)
    {
        ready
            .stack
            .engine()
            .unpause(&container.id)
            .await
            .map_err(BootError::from)?;
        reporter.progress(&format!("{} was paused; it goes on", container.service));
    }
    let profile = running_profile(&ready.stack, &containers, &book.settings.profile);
    // With the images and containers that are there: mending is no time to build or to change settings.
    let booted = ready
        .stack
        .boot(&profile, &["--no-recreate"], &mut |line| {
            reporter.activity(line)
        })
        .await?;
    tell_ready(reporter, &profile, &booted);
    if let Some(missing) = booted.missing.into_iter().next() {
        return Err(PrepareError::Missing(missing));
    }
    undo_everything(&ready.stack).await?;
    if left > 0 {
        let Ready {
            stack,
            journal,
            _lock,
        } = ready;
        let mut journal = journal
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let left = tell_recovered(reporter, &recover(&stack, &mut journal, |_| true).await?);
        if left > 0 {
            return Err(PrepareError::Leftovers { left });
        }
    }
    reporter.progress("every fault is undone and every container is healthy");
    Ok(())
}

/// The smallest profile that has every service that is there now: a reset must not start more than ran before.
fn running_profile(stack: &Stack, containers: &[Container], default: &str) -> String {
    let model = stack.model();
    let covers = |profile: &&str| {
        containers.iter().all(|container| {
            model
                .services
                .get(&container.service)
                .is_none_or(|service| service.runs_in(profile))
        })
    };
    let mut fitting: Vec<&str> = model.profiles().into_iter().filter(covers).collect();
    // Services name their profiles from the smallest to the largest, also where two hold the same for now.
    let place = |profile: &str| {
        let services = model.in_profile(profile);
        let places =
            services.map(|(_, service)| service.profiles.iter().position(|name| name == profile));
        places.max().flatten()
    };
    // Of equally small profiles, the book's own is what was most likely meant.
    fitting.sort_by_key(|profile| {
        let size = model.in_profile(profile).count();
        (size, *profile != default, place(profile))
    });
    fitting.first().copied().unwrap_or(default).to_owned()
}

/// Stops the engine, if obsbook started it and no stack is left on it; says what it did.
///
/// # Errors
/// The engine that obsbook started does not end.
pub async fn stop_engine(reporter: &Reporter) -> Result<(), PrepareError> {
    let left = match Engine::connect().await {
        Ok(engine) => engine.projects().await.map_err(StackError::from)?,
        Err(_) => Vec::new(),
    };
    if !left.is_empty() {
        reporter.progress(&format!("the engine stays: it runs {}", left.join(", ")));
        return Ok(());
    }
    let stopped = stop_engine_we_started().await?;
    reporter.progress(if stopped {
        "the engine is stopped"
    } else {
        "the engine was not started by obsbook, so it stays"
    });
    Ok(())
}
