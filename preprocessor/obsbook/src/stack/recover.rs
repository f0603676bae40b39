//! Undoing what an earlier process left behind.

use super::handle::Stack;
use super::journal::{Entry, Journal, JournalError};
use crate::fault::UndoError;

/// What recovery did with one entry of the journal.
#[derive(Debug)]
pub struct Recovered {
    /// The entry.
    pub entry: Entry,
    /// Whether its undo was done.
    pub result: Result<(), UndoError>,
}

/// Undoes what the journal owes this stack and `wanted` names, the newest fault first. What cannot be undone stays in the journal.
///
/// # Errors
/// The journal cannot be kept.
pub async fn recover(
    stack: &Stack,
    journal: &mut Journal,
    wanted: impl Fn(&Entry) -> bool,
) -> Result<Vec<Recovered>, JournalError> {
    let owed = journal.entries().iter().rev();
    let owed: Vec<Entry> = owed.filter(|entry| wanted(entry)).cloned().collect();
    let mut all = Vec::new();
    for entry in owed {
        let result = entry.undo.apply(stack).await;
        if result.is_ok() {
            journal.remove(&entry)?;
        }
        all.push(Recovered { entry, result });
    }
    Ok(all)
}
