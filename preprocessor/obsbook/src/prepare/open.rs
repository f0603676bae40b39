//! A stack that nobody else works on and that owes no undo.

use std::sync::Mutex;

use super::boot::install_missing;
use super::down::down_beside;
use super::error::PrepareError;
use crate::book::LoadedBook;
use crate::images::Source;
use crate::report::Reporter;
use crate::stack::{
    Entry, Journal, Lock, Options, Recovered, Recovery, Stack, StackError, recover,
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
        match &self.options.project {
            Some(project) => project.name.clone(),
            None => book.project(),
        }
    }
}

/// A stack that nobody else works on and that owes no undo.
pub struct Ready {
    /// The stack.
    pub stack: Stack,
    /// Its journal.
    pub journal: Mutex<Journal>,
    pub(super) _lock: Lock,
}

/// Returns the stack of a book, locked, with every fault of earlier runs undone; stacks beside it, of earlier runs with
/// several jobs, are taken down.
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
    // A run that lives would have the lock, so whoever brought them up is dead. They disturb nobody but the machine.
    let engine = ready.stack.engine();
    if let Err(error) = down_beside(engine, preparation, book, reporter).await {
        reporter.progress(&format!(
            "warning: a stack of an earlier run stays: {error}"
        ));
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
pub(super) async fn lock_and_recover(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<(Ready, usize), PrepareError> {
    if preparation.install {
        install_missing(None, reporter).await?;
    }
    let mut stack = Stack::open(book, &preparation.options).await?;
    let lock = stack.lock(&mut |line| reporter.progress(line)).await?;
    if stack.is_taken().await.map_err(StackError::from)? {
        return Err(PrepareError::Taken(stack.project().to_owned()));
    }
    let mut journal = Journal::open(&stack.directory())?;
    let Recovery { all, kept } = recover(&stack, &mut journal, wanted).await;
    let left = tell_recovered(reporter, &all);
    kept?;
    let ready = Ready {
        stack,
        journal: Mutex::new(journal),
        _lock: lock,
    };
    Ok((ready, left))
}

/// Says what was left behind and what became of it; returns how much is left still.
pub fn tell_recovered(reporter: &Reporter, recovered: &[Recovered]) -> usize {
    for Recovered { entry, result } in recovered {
        let what = if entry.hidden {
            format!("broken by hand: {}", entry.words())
        } else if entry.by_hand {
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
