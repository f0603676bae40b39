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
            Self::Unreadable { .. } => "run `obsbook reset` of the version that wrote it; or take the stack down with `obsbook down`, which puts the file aside".to_owned(),
        }
    }
}

/// Its name in the stack's folder.
const FILE: &str = "journal.jsonl";

/// The undos that are still owed to one stack.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    entries: Vec<Entry>,
    /// Whether the file ends in the middle of a line.
    is_torn: bool,
}

impl Journal {
    /// Returns the journal in `directory`, with what an earlier process left in it. Nothing is written, so whoever only
    /// looks needs no lock.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub fn open(directory: &Path) -> Result<Self, JournalError> {
        let path = directory.join(FILE);
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
        Ok(Self {
            path,
            entries,
            // Such a line was never synced, so its fault was never injected.
            is_torn: !torn.is_empty(),
        })
    }

    /// Puts a journal that cannot be read aside, once no fault can be left that it may know of; returns where it lies now.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn set_aside(directory: &Path) -> Result<PathBuf, JournalError> {
        let path = directory.join(FILE);
        let aside = path.with_extension("bad");
        match fs::rename(&path, &aside) {
            Ok(()) => Ok(aside),
            Err(cause) => Err(JournalError::Disk { path, cause }),
        }
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
        if self.is_torn {
            // The entry must not be written behind half a line.
            self.rewrite()?;
        }
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
        self.rewrite()
    }

    /// Takes every entry off, the containers of their faults being gone, and returns them.
    ///
    /// # Errors
    /// As [`Journal::remove`].
    pub fn clear(&mut self) -> Result<Vec<Entry>, JournalError> {
        let entries = std::mem::take(&mut self.entries);
        self.rewrite()?;
        Ok(entries)
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
        whole_or_nothing(&mut file, |file| {
            file.write_all(&line)?;
            file.sync_all()
        })?;
        if is_new {
            // The file's name is in its folder, which has to be on disk as well.
            File::open(directory)?.sync_all()?;
        }
        Ok(())
    }

    fn rewrite(&mut self) -> Result<(), JournalError> {
        let written = if self.entries.is_empty() {
            // A full disk has room for no journal.
            remove(&self.path)
        } else {
            self.write_anew()
        };
        written.map_err(|cause| self.disk(cause))?;
        self.is_torn = false;
        Ok(())
    }

    fn write_anew(&self) -> io::Result<()> {
        let fresh = self.path.with_extension("new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&fresh)?;
            for entry in &self.entries {
                serde_json::to_writer(&mut file, entry)?;
                file.write_all(b"\n")?;
            }
            file.sync_all()?;
            fs::rename(&fresh, &self.path)
        };
        let written = write();
        if written.is_err() {
            // Half a file takes the room that the next one needs.
            let _ = fs::remove_file(&fresh);
        }
        written
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Adds what `write` writes to the end of a file; what it writes before it fails is cut off again.
fn whole_or_nothing(
    file: &mut File,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let before = file.metadata()?.len();
    let written = write(file);
    if written.is_err() {
        file.set_len(before)?;
    }
    written
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
        let torn = format!("{whole}{}", &whole[..whole.len() / 2]);
        fs::write(&path, &torn).expect("written");
        let mut journal = Journal::open(folder.path()).expect("a journal");
        assert_eq!(journal.entries(), [entry("a")]);
        // Somebody else may be writing the line just now.
        assert_eq!(fs::read_to_string(&path).expect("text"), torn);
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
        let aside = Journal::set_aside(folder.path()).expect("set aside");
        assert!(aside.ends_with("journal.bad") && aside.exists());
        let journal = Journal::open(folder.path()).expect("a journal");
        assert!(journal.entries().is_empty());
    }

    #[test]
    fn a_journal_that_owes_nothing_takes_no_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        let mut journal = Journal::open(folder.path()).expect("a journal");
        journal.add(entry("a")).expect("added");
        journal.remove(&entry("a")).expect("removed");
        assert!(!path.exists());
        for name in ["a", "b"] {
            journal.add(entry(name)).expect("added");
        }
        let cleared = journal.clear().expect("cleared");
        assert_eq!(cleared, [entry("a"), entry("b")]);
        assert!(!path.exists());
    }

    #[test]
    fn half_a_line_that_a_full_disk_took_is_cut_off() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(FILE);
        fs::write(&path, "whole\n").expect("written");
        let mut file = OpenOptions::new().append(true).open(&path).expect("a file");
        let full = whole_or_nothing(&mut file, |file| {
            file.write_all(b"ha")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(full.is_err());
        whole_or_nothing(&mut file, |file| file.write_all(b"next\n")).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("text"), "whole\nnext\n");
    }

    #[test]
    fn what_an_older_obsbook_owes_is_read() {
        let check = |text: &str, expected: Undo| {
            let read: Undo = serde_json::from_str(text).expect("an undo");
            assert_eq!(read, expected, "{text}");
        };
        check(
            r#"{"undo":"ensure_running","service":"a"}"#,
            Undo::EnsureRunning {
                service: "a".to_owned(),
                container: None,
                stopped: None,
            },
        );
        check(
            r#"{"undo":"usual_load","service":"a"}"#,
            Undo::UsualLoad {
                service: "a".to_owned(),
                users: None,
            },
        );
    }

    #[test]
    fn a_journal_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let blocked = folder.path().join("file");
        fs::write(&blocked, "").expect("written");
        let mut journal = Journal {
            path: blocked.join(FILE),
            entries: vec![],
            is_torn: false,
        };
        assert!(journal.add(entry("a")).is_err());
        assert!(journal.entries().is_empty());
    }
}
