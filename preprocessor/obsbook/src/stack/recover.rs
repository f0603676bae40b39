//! Undoing what an earlier process left behind.

use tokio::sync::RwLock;

use super::handle::Stack;
use super::journal::{Entry, Journal, JournalError};
use crate::fault::UndoError;

/// Held by each recovery. One for the process: who wants to end it ends all of it.
static UNDER_WAY: RwLock<()> = RwLock::const_new(());

/// Returns once no recovery is under way: an undo that is cut off may leave half of it.
pub async fn no_undo_is_under_way() {
    drop(UNDER_WAY.write().await);
}

/// What recovery did with one entry of the journal.
#[derive(Debug)]
pub struct Recovered {
    /// The entry.
    pub entry: Entry,
    /// Whether its undo was done.
    pub result: Result<(), UndoError>,
}

/// What recovery did.
#[derive(Debug)]
pub struct Recovery {
    /// Each entry that was to be undone, the newest first.
    pub all: Vec<Recovered>,
    /// Whether the journal could be kept. If not, what is undone may be undone once more.
    pub kept: Result<(), JournalError>,
}

/// Undoes what the journal owes this stack and `wanted` names, the newest fault first, and returns what became of each.
/// What cannot be undone stays in the journal.
pub async fn recover(
    stack: &Stack,
    journal: &mut Journal,
    wanted: impl Fn(&Entry) -> bool,
) -> Recovery {
    let _under_way = UNDER_WAY.read().await;
    let owed = journal.entries().iter().rev();
    let owed: Vec<Entry> = owed.filter(|entry| wanted(entry)).cloned().collect();
    let (mut all, mut kept) = (Vec::new(), Ok(()));
    for entry in owed {
        let result = entry.undo.apply(stack).await;
        if result.is_ok() {
            // A disk that is full keeps no other fault in place.
            kept = journal.remove(&entry);
        }
        all.push(Recovered { entry, result });
    }
    Recovery { all, kept }
}
