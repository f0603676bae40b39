//! The journal of undos: on disk before the fault, gone after its undo, so that even `kill -9` loses none.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use obsbook_lab::block::Fault;
use serde::{Deserialize, Serialize};

use crate::fault::Undo;

/// One fault that is, or is about to be, in place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The run that injects it.
    pub run: String,
    /// The lab that asks for it.
    pub lab: String,
    /// The fault.
    pub fault: Fault,
    /// What takes it back.
    pub undo: Undo,
}

/// Why the journal cannot be kept; nothing is injected then.
#[derive(Debug, thiserror::Error)]
#[error("the journal of faults at {path} cannot be kept: {cause}")]
pub struct JournalError {
    /// The journal's file.
    pub path: PathBuf,
    /// The cause.
    pub cause: io::Error,
}

/// The undos that are still owed to one stack.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    entries: Vec<Entry>,
}

impl Journal {
    /// Returns the journal in `directory`, with what an earlier process left in it.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join("journal.jsonl");
        let fail = |cause| JournalError {
            path: path.clone(),
            cause,
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(fail(error)),
        };
        // A torn last line was never synced, so its fault was never injected.
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        Ok(Self { path, entries })
    }

    /// Returns the undos that are owed, the oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Writes an entry and returns once it is on disk.
    ///
    /// # Errors
    /// The disk does not take it; the fault must not be injected then.
    pub fn add(&mut self, entry: Entry) -> Result<(), JournalError> {
        self.append(&entry).map_err(|cause| JournalError {
            path: self.path.clone(),
            cause,
        })?;
        self.entries.push(entry);
        Ok(())
    }

    /// Takes an entry off, its undo being done.
    ///
    /// # Errors
    /// The disk does not take it: the undo will be done once more, which is fine.
    pub fn remove(&mut self, entry: &Entry) -> Result<(), JournalError> {
        if let Some(index) = self.entries.iter().position(|known| known == entry) {
            self.entries.remove(index);
        }
        self.rewrite().map_err(|cause| JournalError {
            path: self.path.clone(),
            cause,
        })
    }

    fn append(&self, entry: &Entry) -> io::Result<()> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let is_new = !self.path.exists();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_all()?;
        if is_new {
            // The file's name is in its folder, which has to be on disk as well.
            File::open(directory)?.sync_all()?;
        }
        Ok(())
    }

    fn rewrite(&self) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let mut file = File::create(&fresh)?;
        for entry in &self.entries {
            serde_json::to_writer(&mut file, entry)?;
            file.write_all(b"\n")?;
        }
        file.sync_all()?;
        fs::rename(&fresh, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use obsbook_lab::block::FaultKind;

    fn entry(service: &str) -> Entry {
        let fault = Fault {
            service: service.to_owned(),
            kind: FaultKind::Kill,
        };
        Entry {
            run: "r".to_owned(),
            lab: "l".to_owned(),
            undo: Undo::of(&fault),
            fault,
        }
    }

    #[test]
    fn what_is_owed_survives_the_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(folder.path()).expect("a journal");
        journal.add(entry("a")).expect("added");
        journal.add(entry("b")).expect("added");
        journal.remove(&entry("a")).expect("removed");
        let again = Journal::open(folder.path()).expect("a journal");
        assert_eq!(again.entries(), [entry("b")]);
    }

    #[test]
    fn a_torn_line_is_no_entry() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(folder.path()).expect("a journal");
        journal.add(entry("a")).expect("added");
        let path = folder.path().join("journal.jsonl");
        let whole = fs::read_to_string(&path).expect("text");
        fs::write(&path, format!("{whole}{}", &whole[..whole.len() / 2])).expect("written");
        assert_eq!(
            Journal::open(folder.path()).expect("a journal").entries(),
            [entry("a")]
        );
    }

    #[test]
    fn a_journal_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let blocked = folder.path().join("file");
        fs::write(&blocked, "").expect("written");
        let mut journal = Journal {
            path: blocked.join("journal.jsonl"),
            entries: vec![],
        };
        assert!(journal.add(entry("a")).is_err());
        assert!(journal.entries().is_empty());
    }
}
