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
    /// The lab that asks for it, or the command of somebody who broke the stack by hand.
    pub lab: String,
    /// Whether it was made by hand, to stay until it is taken back.
    #[serde(default)]
    pub by_hand: bool,
    /// Whether it is a challenge's, whose reader must not be told what it is.
    #[serde(default)]
    pub hidden: bool,
    /// The fault.
    pub fault: Fault,
    /// What takes it back.
    pub undo: Undo,
}

impl Entry {
    /// Returns what is broken, in words that its reader may see.
    pub fn words(&self) -> String {
        if self.hidden {
            format!("the breakage of the challenge {}", self.lab)
        } else {
            self.fault.to_string()
        }
    }
}

/// Why there is no journal; nothing is injected then.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk.
    #[error("the journal of faults at {path} cannot be kept: {cause}")]
    Disk {
        /// The journal's file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A whole line that is no entry: a fault that nobody would undo.
    #[error("{path}:{line}: this line of the journal of faults cannot be read: {cause}")]
    Unreadable {
        /// The journal's file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The cause.
        cause: serde_json::Error,
    },
}

impl JournalError {
    /// Returns what to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Disk { .. } => "make room or give permission there, or set XDG_STATE_HOME to another folder".to_owned(),
            Self::Unreadable { .. } => "run `obsbook reset` of the version that wrote it; or take the stack down with `obsbook down`, then remove the file".to_owned(),
        }
    }
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
        let fail = |cause| JournalError::Disk {
            path: path.clone(),
            cause,
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(fail(error)),
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n');
        let (whole, torn) = text.split_at(whole.map_or(0, |at| at + 1));
        let mut entries = Vec::new();
        for (index, line) in whole.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let entry = serde_json::from_slice(line).map_err(|cause| JournalError::Unreadable {
                path: path.clone(),
                line: index + 1,
                cause,
            })?;
            entries.push(entry);
        }
        let journal = Self { path, entries };
        if !torn.is_empty() {
            // A torn last line was never synced, so its fault was never injected; the next entry must not be written behind it.
            journal.rewrite().map_err(|cause| journal.disk(cause))?;
        }
        Ok(journal)
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
        self.append(&entry).map_err(|cause| self.disk(cause))?;
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
        self.rewrite().map_err(|cause| self.disk(cause))
    }

    fn disk(&self, cause: io::Error) -> JournalError {
        JournalError::Disk {
            path: self.path.clone(),
            cause,
        }
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
            by_hand: false,
            hidden: false,
            undo: Undo::EnsureRunning {
                service: service.to_owned(),
                container: Some("c1".to_owned()),
                stopped: Some("2026-01-02T03:04:05.678901234Z".parse().expect("a time")),
            },
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
        let mut journal = Journal::open(folder.path()).expect("a journal");
        assert_eq!(journal.entries(), [entry("a")]);
        journal.add(entry("b")).expect("added");
        let again = Journal::open(folder.path()).expect("a journal");
        assert_eq!(again.entries(), [entry("a"), entry("b")]);
    }

    #[test]
    fn a_whole_line_that_cannot_be_read_is_an_error_since_its_fault_may_be_in_place() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("journal.jsonl"), "{\"undo\": 7}\n").expect("written");
        let error = Journal::open(folder.path()).expect_err("unreadable");
        assert!(error.to_string().contains("journal.jsonl:1: "), "{error}");
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
