//! Saved runs: the whole event stream of each of the newest runs, one line an event, and how it is read again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use obsbook_lab::event::{Event, Record, VERSION};
use serde::Deserialize;

use super::reporter::Output;

/// Where runs are kept, relative to the book's root.
const FOLDER: &str = ".obsbook/runs";
/// How many are kept.
const KEPT: usize = 20;

/// Keeps the events of the run that goes on.
pub struct SavedRun {
    folder: PathBuf,
    file: Option<File>,
    /// A line that was cut off must stay the last one.
    broken: bool,
    trouble: Option<String>,
}

impl SavedRun {
    /// Returns an output that keeps the run of the book at `root`; its file is there from the first event on.
    pub fn new(root: &Path) -> Self {
        Self {
            folder: root.join(FOLDER),
            file: None,
            broken: false,
            trouble: None,
        }
    }

    fn keep(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                fs::create_dir_all(&self.folder)?;
                let file = File::create(self.folder.join(format!("{}.jsonl", record.run)))?;
                self.forget_old();
                self.file.insert(file)
            }
        };
        file.write_all(&line)
    }

    fn forget_old(&self) {
        for run in runs(&self.folder).iter().rev().skip(KEPT) {
            // Another obsbook may have been quicker, and one run too many costs this one nothing.
            let _ = fs::remove_file(self.folder.join(format!("{run}.jsonl")));
        }
    }
}

impl Output for SavedRun {
    fn record(&mut self, record: &Record) {
        if self.broken {
            return;
        }
        if let Err(error) = self.keep(record) {
            self.broken = true;
            self.trouble = Some(format!(
                "this run is not kept for `obsbook replay`: failed to write in {}: {error}\n  = help: make room or give permission there; verdicts do not depend on it",
                self.folder.display()
            ));
        }
    }

    fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

/// The ids of the kept runs, the oldest first: they begin with the time.
fn runs(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut runs: Vec<_> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(name.strip_suffix(".jsonl")?.to_owned())
        })
        .collect();
    runs.sort();
    runs
}

/// Why a saved run cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// No run was kept.
    #[error("no run is kept in {0}")]
    Nothing(PathBuf),
    /// There is no such file and no such run.
    #[error("there is neither a file nor a kept run `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The next step.
        hint: String,
    },
    /// The file cannot be read.
    #[error("failed to read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A line is of another version.
    #[error(
        "{path}:{line}: an event of format version {found}, and this obsbook reads version {VERSION}"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Its version.
        found: u64,
    },
    /// A line is no event.
    #[error("{path}:{line}: not an event of obsbook: {cause}")]
    Junk {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The cause.
        cause: String,
    },
    /// The last line was cut off, or the run's last event is missing.
    #[error(
        "{path}:{line}: the run ends in the middle: it goes on, its process was killed, or its disk was full"
    )]
    Unfinished {
        /// The file.
        path: PathBuf,
        /// The last line, from 1.
        line: usize,
    },
}

impl ReplayError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::Nothing(_) => "obsbook check".to_owned(),
            Self::Unknown { hint, .. } => hint.clone(),
            Self::Unreadable { .. } => "give permission there, or name another file".to_owned(),
            Self::Version { .. } => "replay it with the obsbook that wrote it".to_owned(),
            Self::Junk { .. } => {
                "name what `obsbook check --format json` printed, or a file of .obsbook/runs"
                    .to_owned()
            }
            Self::Unfinished { .. } => {
                "what was kept is shown; run the labs again for verdicts: obsbook check".to_owned()
            }
        }
    }
}

/// Returns the file of a saved run: a path, the id of a kept run, or the newest kept one of the book at `root`.
///
/// # Errors
/// There is none.
pub fn find_saved(root: Option<&Path>, name: Option<&str>) -> Result<PathBuf, ReplayError> {
    let folder = root.unwrap_or(Path::new("")).join(FOLDER);
    let kept = runs(&folder);
    let file = |run: &str| folder.join(format!("{run}.jsonl"));
    match name {
        None => kept
            .last()
            .map(|run| file(run))
            .ok_or(ReplayError::Nothing(folder)),
        // Also a pipe, such as /dev/stdin or the shell's `<(command)`.
        Some(name) if Path::new(name).exists() && !Path::new(name).is_dir() => {
            Ok(PathBuf::from(name))
        }
        Some(name) if kept.iter().any(|run| run == name) => Ok(file(name)),
        Some(name) => Err(ReplayError::Unknown {
            name: name.to_owned(),
            hint: match kept.last() {
                Some(newest) => format!("name a file; the newest kept run is {newest}"),
                None => "name a file; no run of this book is kept".to_owned(),
            },
        }),
    }
}

/// Hands each event of a saved run to `tell`, and returns its exit status; `None` when only problems of blocks are in it.
///
/// # Errors
/// The file, or a line of it, cannot be read; the events before that line have been handed on then.
pub fn read_saved(path: &Path, mut tell: impl FnMut(&Record)) -> Result<Option<u8>, ReplayError> {
    let content = fs::read(path).map_err(|cause| ReplayError::Unreadable {
        path: path.to_owned(),
        cause,
    })?;
    let mut last = Ended::Open;
    let mut line = 0;
    // What a file has been through may have left a byte order mark, or blank lines.
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content);
    for text in content.split_inclusive(|byte| *byte == b'\n') {
        line += 1;
        if text.trim_ascii().is_empty() {
            continue;
        }
        let record = match event(text) {
            Ok(record) => record,
            Err(Unread::Version(found)) => {
                return Err(ReplayError::Version {
                    path: path.to_owned(),
                    line,
                    found,
                });
            }
            // Only a process that died leaves a line without its end.
            Err(Unread::Junk(_)) if line > 1 && !text.ends_with(b"\n") => {
                return Err(ReplayError::Unfinished {
                    path: path.to_owned(),
                    line,
                });
            }
            Err(Unread::Junk(cause)) => {
                return Err(ReplayError::Junk {
                    path: path.to_owned(),
                    line,
                    cause,
                });
            }
        };
        tell(&record);
        last = match record.event {
            Event::RunFinished { status, .. } => Ended::With(status),
            Event::Diagnostic(_) => Ended::Problems,
            _ => Ended::Open,
        };
    }
    match last {
        Ended::With(status) => Ok(Some(status)),
        Ended::Problems => Ok(None),
        Ended::Open => Err(ReplayError::Unfinished {
            path: path.to_owned(),
            line: line.max(1),
        }),
    }
}

enum Ended {
    Open,
    Problems,
    With(u8),
}

enum Unread {
    Version(u64),
    Junk(String),
}

#[derive(Deserialize)]
struct Versioned {
    v: u64,
}

fn event(line: &[u8]) -> Result<Record, Unread> {
    let junk = |error: serde_json::Error| Unread::Junk(error.to_string());
    let versioned: Versioned = serde_json::from_slice(line).map_err(junk)?;
    if versioned.v != u64::from(VERSION) {
        return Err(Unread::Version(versioned.v));
    }
    serde_json::from_slice(line).map_err(junk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn check(content: &str, expected: &str) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("run.jsonl");
        fs::write(&path, content).expect("written");
        let mut read = String::new();
        let ended = read_saved(&path, |record| {
            read.push_str(&serde_json::to_string(record).expect("json"));
            read.push('\n');
        });
        // Blank lines hold nothing.
        let lines = content.replace("\n\n", "\n");
        assert!(lines.starts_with(&read), "{content}");
        let said = match ended {
            Ok(status) => format!("{status:?}"),
            Err(error) => error.to_string(),
        };
        let said = said.replace(&folder.path().display().to_string(), "");
        assert!(said.starts_with(expected), "{said} for {content}");
    }

    #[test]
    fn a_saved_run_is_read_to_its_end_or_to_the_line_that_is_wrong() {
        let lines = |records: &[Record]| -> String {
            let line = |record| format!("{}\n", serde_json::to_string(record).expect("json"));
            records.iter().map(line).collect()
        };
        let whole = lines(&samples::every_verdict());
        let started = lines(&samples::every_verdict()[..1]);
        let other = "{\"v\":2,\"time\":\"2026-02-03T04:05:06Z\",\"event\":\"dreamt\"}\n";
        let unknown = "{\"v\":1,\"time\":\"2026-02-03T04:05:06Z\",\"run\":\"r\",\"lab\":null,\"event\":\"dreamt\"}\n";
        for (content, expected) in [
            (whole.clone(), "Some(2)"),
            (lines(&[samples::problem()]), "None"),
            (started.clone(), "/run.jsonl:1: the run ends in the middle"),
            (
                whole[..whole.len() - 9].to_owned(),
                "/run.jsonl:10: the run ends in the middle",
            ),
            (String::new(), "/run.jsonl:1: the run ends in the middle"),
            (
                format!("{started}junk\n"),
                "/run.jsonl:2: not an event of obsbook",
            ),
            (
                "# A book".to_owned(),
                "/run.jsonl:1: not an event of obsbook",
            ),
            (
                format!("{started}\n{started}"),
                "/run.jsonl:3: the run ends in the middle",
            ),
            (
                format!("{started}{other}"),
                "/run.jsonl:2: an event of format version 2",
            ),
            (
                format!("{started}{unknown}"),
                "/run.jsonl:2: not an event of obsbook: unknown variant `dreamt`",
            ),
        ] {
            check(&content, expected);
        }
    }

    #[test]
    fn the_newest_twenty_runs_are_kept() {
        let root = tempfile::tempdir().expect("a folder");
        let folder = root.path().join(FOLDER);
        fs::create_dir_all(&folder).expect("made");
        for minute in 10..40 {
            let name = format!("20250203T04{minute}06Z-7.jsonl");
            fs::write(folder.join(name), "").expect("written");
        }
        let mut saved = SavedRun::new(root.path());
        for record in samples::every_verdict() {
            saved.record(&record);
            assert_eq!(saved.trouble(), None);
        }
        let kept = runs(&folder);
        assert_eq!(kept.len(), KEPT);
        assert_eq!(kept.first().map(String::as_str), Some("20250203T042106Z-7"));
        let newest = find_saved(Some(root.path()), None).expect("a run");
        assert!(newest.ends_with("20260203T040506Z-7.jsonl"), "{newest:?}");
        let by_id = find_saved(Some(root.path()), Some("20250203T042106Z-7"));
        assert!(by_id.is_ok());
        let unknown = find_saved(Some(root.path()), Some("nothing")).expect_err("unknown");
        assert!(unknown.hint().contains("20260203T040506Z-7"), "{unknown}");
    }

    #[test]
    fn an_old_run_that_cannot_be_removed_costs_the_new_one_nothing() {
        let root = tempfile::tempdir().expect("a folder");
        for minute in 10..40 {
            let stuck = format!("{FOLDER}/20250203T04{minute}06Z-7.jsonl/stuck");
            fs::create_dir_all(root.path().join(stuck)).expect("made");
        }
        let mut saved = SavedRun::new(root.path());
        for record in samples::every_verdict() {
            saved.record(&record);
            assert_eq!(saved.trouble(), None);
        }
        let newest = find_saved(Some(root.path()), None).expect("a run");
        assert_eq!(read_saved(&newest, |_| {}).expect("a whole run"), Some(2));
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told_once() {
        let root = tempfile::tempdir().expect("a folder");
        fs::write(root.path().join(".obsbook"), "in the way").expect("written");
        let mut saved = SavedRun::new(root.path());
        let troubles: Vec<_> = samples::every_verdict()
            .iter()
            .filter_map(|record| {
                saved.record(record);
                saved.trouble()
            })
            .collect();
        assert_eq!(troubles.len(), 1, "{troubles:?}");
    }
}
