//! Faults put in place by hand, on the stack that runs.

use obsbook_lab::block::Fault;

use super::interrupt::Interrupt;
use super::lab::UNTIL_MENDED;
use crate::book::LoadedBook;
use crate::fault::{Undo, inject_undoable};
use crate::prepare::{Preparation, PrepareError, open_beside_hand_made};
use crate::report::Reporter;
use crate::stack::{BootError, Entry, Journal, Stack};

/// Puts faults in place on the stack that runs, and leaves them there; the journal knows them. Those that were made by hand before stay.
///
/// `what` names them for people, as in `scenario slow-database`. Returns whether they are in place: `false` when somebody asked to
/// end before they were, and those that were are undone.
///
/// # Errors
/// No stack runs, or a fault cannot be put in place; those before it are undone then.
pub async fn break_by_hand(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
    interrupt: &Interrupt,
    what: &str,
    faults: &[Fault],
) -> Result<bool, PrepareError> {
    let opening = open_beside_hand_made(preparation, book, reporter);
    let Some(ready) = interrupt.unless(opening).await else {
        return Ok(false);
    };
    let ready = ready?;
    let stack = &ready.stack;
    if stack
        .containers()
        .await
        .map_err(BootError::from)?
        .is_empty()
    {
        return Err(PrepareError::NothingRuns);
    }
    let mut journal = ready
        .journal
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut added = Vec::new();
    let mut result = Ok(true);
    for fault in faults {
        // What has begun is not cut off: it might come into effect after its undo.
        result = match put(stack, &mut journal, &mut added, fault, (reporter, what)).await {
            Ok(()) => Ok(!interrupt.is_set()),
            Err(error) => Err(error),
        };
        if !matches!(result, Ok(true)) {
            break;
        }
        reporter.progress(&format!("in place: {fault}"));
    }
    if matches!(result, Ok(true)) {
        return result;
    }
    for entry in added.iter().rev() {
        // What cannot be undone stays in the journal, and keeps nothing else from being undone.
        match entry.undo.apply(stack).await {
            Ok(()) => journal.remove(entry)?,
            Err(error) => reporter.progress(&format!("{} is still in place: {error}", entry.fault)),
        }
    }
    result
}

async fn put(
    stack: &Stack,
    journal: &mut Journal,
    added: &mut Vec<Entry>,
    fault: &Fault,
    (reporter, what): (&Reporter, &str),
) -> Result<(), PrepareError> {
    let refused = |error| PrepareError::Inject {
        fault: fault.to_string(),
        error,
    };
    let undo = Undo::before(stack, fault).await.map_err(refused)?;
    let entry = Entry {
        run: reporter.run().to_owned(),
        lab: what.to_owned(),
        by_hand: true,
        hidden: false,
        fault: fault.clone(),
        undo,
    };
    journal.add(entry.clone())?;
    let undo = entry.undo.clone();
    added.push(entry);
    let injected = inject_undoable(stack, fault, &undo, UNTIL_MENDED).await;
    injected.map_err(refused)
}
