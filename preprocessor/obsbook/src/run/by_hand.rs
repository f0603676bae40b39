//! Faults put in place by hand, on the stack that runs.

use obsbook_lab::block::Fault;

use super::lab::UNTIL_MENDED;
use crate::book::LoadedBook;
use crate::fault::{Undo, inject};
use crate::prepare::{Preparation, PrepareError, open_beside_hand_made};
use crate::report::Reporter;
use crate::stack::{BootError, Entry};

/// Puts faults in place on the stack that runs, and leaves them there; the journal knows them. Those that were made by hand before stay.
///
/// `what` names them for people, as in `scenario slow-database`.
///
/// # Errors
/// No stack runs, or a fault cannot be put in place; those before it are undone then.
pub async fn break_by_hand(
    preparation: &Preparation,
    book: &LoadedBook,
    reporter: &Reporter,
    what: &str,
    faults: &[Fault],
) -> Result<(), PrepareError> {
    let ready = open_beside_hand_made(preparation, book, reporter).await?;
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
    for fault in faults {
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
        added.push(entry);
        if let Err(error) = inject(stack, fault, UNTIL_MENDED).await {
            for entry in added.iter().rev() {
                entry.undo.apply(stack).await?;
                journal.remove(entry)?;
            }
            return Err(refused(error));
        }
        reporter.progress(&format!("in place: {fault}"));
    }
    Ok(())
}
