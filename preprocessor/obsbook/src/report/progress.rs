//! How far the book's reader has come: kept beside the book, and no business of version control.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use obsbook_lab::block::Lab;
use obsbook_lab::book::Book;
use obsbook_lab::event::{Event, Record};
use obsbook_lab::verdict::Verdict;
use serde::{Deserialize, Serialize};

use super::file::{Newer, write_whole};
use super::reporter::Output;

/// Where a book keeps its reader's progress, relative to its root.
const FILE: &str = ".obsbook/progress.json";
const VERSION: u32 = 1;
/// Held from reading to writing: a lab ends while its reader asks for a hint.
static CHANGE: Mutex<()> = Mutex::new(());

/// What the reader has done, by the labs' ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The version of the format.
    v: u32,
    /// Each lab that the reader has touched.
    pub labs: BTreeMap<String, Steps>,
}

/// What the reader has done with one lab.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Steps {
    /// How often it was run to a verdict about the lab or the answer.
    pub runs: u32,
    /// When it passed first.
    pub passed: Option<Timestamp>,
    /// When it passed last.
    pub passed_last: Option<Timestamp>,
    /// Of a challenge: when its questions were answered first.
    pub answered: Option<Timestamp>,
    /// How many hints were shown.
    pub hints: usize,
    /// Of a challenge: when it was begun last.
    pub started: Option<Timestamp>,
    /// When the solution of an exercise was asked for, or a challenge was mended for its reader.
    pub gave_up: Option<Timestamp>,
    /// What the reader thought would happen: the place of a choice.
    pub prediction: Option<usize>,
}

/// Why the progress is not there.
#[derive(Debug, thiserror::Error)]
pub enum ProgressError {
    /// The disk, or what the file says.
    #[error("the progress in {path} cannot be read or kept: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A newer obsbook wrote it.
    #[error(transparent)]
    Newer(#[from] Newer),
}

impl ProgressError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } => "mend the file, or remove it to begin anew".to_owned(),
            Self::Newer(newer) => newer.hint(),
        }
    }
}

impl Steps {
    /// Returns whether nothing is left to do: it passed, and what is asked is answered.
    pub fn is_done(&self, lab: &Lab) -> bool {
        let asks = lab
            .challenge
            .as_ref()
            .is_some_and(|challenge| !challenge.questions.is_empty());
        self.passed.is_some() && (!asks || self.answered.is_some())
    }

    /// Returns whether a challenge was mended after it was begun last.
    pub fn is_mended(&self) -> bool {
        self.started.is_some() && self.passed_last > self.started
    }
}

impl Progress {
    /// Returns the progress of the reader of the book at `root`.
    ///
    /// # Errors
    /// The file is there but cannot be read, or says something else.
    pub fn read(root: &Path) -> Result<Self, ProgressError> {
        let path = root.join(FILE);
        let fail = |cause| ProgressError::Unreadable {
            path: path.clone(),
            cause,
        };
        match std::fs::read(&path) {
            Ok(text) => {
                Newer::refuse(&path, &text, VERSION)?;
                serde_json::from_slice(&text).map_err(|error| fail(error.into()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(fail(error)),
        }
    }

    /// Changes what is known of one lab, and keeps it.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn change(
        root: &Path,
        lab: &str,
        change: impl FnOnce(&mut Steps),
    ) -> Result<Self, ProgressError> {
        let _changing = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
        let mut progress = Self::read(root)?;
        progress.v = VERSION;
        change(progress.labs.entry(lab.to_owned()).or_default());
        let path = root.join(FILE);
        let mut text = serde_json::to_vec_pretty(&progress).unwrap_or_default();
        text.push(b'\n');
        match write_whole(&path, &text) {
            Ok(()) => Ok(progress),
            Err(cause) => Err(ProgressError::Unreadable { path, cause }),
        }
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn reset(root: &Path) -> Result<(), ProgressError> {
        let _changing = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
        let path = root.join(FILE);
        match std::fs::remove_file(&path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(ProgressError::Unreadable { path, cause })
            }
            _ => Ok(()),
        }
    }

    /// Returns what the reader has done with a lab.
    pub fn of(&self, lab: &str) -> Steps {
        self.labs.get(lab).cloned().unwrap_or_default()
    }
}

/// What a page shows of the progress: with each lab whether nothing is left to do.
#[derive(Debug, Serialize)]
pub struct ProgressView<'a> {
    labs: BTreeMap<&'a str, StepsView<'a>>,
}

#[derive(Debug, Serialize)]
struct StepsView<'a> {
    #[serde(flatten)]
    steps: &'a Steps,
    done: bool,
}

impl<'a> ProgressView<'a> {
    /// Returns what a page of `book` shows; of labs that it has no more, nothing.
    pub fn new(progress: &'a Progress, book: &'a Book) -> Self {
        let shown = |lab: &'a Lab| {
            let steps = progress.labs.get(&lab.id)?;
            let done = steps.is_done(lab);
            Some((lab.id.as_str(), StepsView { steps, done }))
        };
        Self {
            labs: book.labs().filter_map(shown).collect(),
        }
    }
}

/// Keeps what runs of labs say about the reader.
pub struct ProgressFile {
    root: PathBuf,
    trouble: Option<String>,
}

impl ProgressFile {
    /// Returns the output for the book at `root`.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            trouble: None,
        }
    }
}

impl Output for ProgressFile {
    fn record(&mut self, record: &Record) {
        let (Some(lab), Event::LabFinished { verdict, .. }) = (&record.lab, &record.event) else {
            return;
        };
        // What the environment could not serve says nothing about the reader.
        if !matches!(verdict, Verdict::Passed | Verdict::Failed) {
            return;
        }
        let kept = Progress::change(&self.root, lab, |steps| {
            steps.runs += 1;
            if *verdict == Verdict::Passed {
                steps.passed.get_or_insert(record.time);
                steps.passed_last = Some(record.time);
            }
        });
        if let Err(error) = kept {
            self.trouble = Some(error.to_string());
        }
    }

    fn trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::LoadedBook;
    use crate::report::Reporter;

    fn finished(verdict: Verdict) -> Event {
        Event::LabFinished {
            verdict,
            reason: None,
            seen: Vec::new(),
            seconds: 1.0,
        }
    }

    #[test]
    fn a_reader_keeps_what_they_passed_and_how_often_they_tried() {
        let root = tempfile::tempdir().expect("a folder");
        let reporter = Reporter::new(vec![Box::new(ProgressFile::new(root.path()))]);
        for verdict in [
            Verdict::Failed,
            Verdict::Unsteady,
            Verdict::Unsolved,
            Verdict::Passed,
            Verdict::Failed,
        ] {
            reporter.emit(Some("slow-orders"), finished(verdict));
        }
        Progress::change(root.path(), "slow-orders", |steps| steps.hints = 2).expect("progress");
        let steps = Progress::read(root.path())
            .expect("progress")
            .of("slow-orders");
        assert_eq!((steps.runs, steps.hints), (3, 2));
        assert!(steps.passed.is_some());
    }

    #[test]
    fn a_challenge_is_done_once_its_questions_are_answered() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/books/tasks");
        let book = LoadedBook::load(&root).expect("a book").book;
        let check = |answered: Option<Timestamp>, expected: bool| {
            let steps = Steps {
                passed: Some(Timestamp::UNIX_EPOCH),
                answered,
                ..Steps::default()
            };
            let progress = Progress {
                v: VERSION,
                labs: [("silent-page".to_owned(), steps)].into(),
            };
            let view = serde_json::to_value(ProgressView::new(&progress, &book)).expect("json");
            assert_eq!(view["labs"]["silent-page"]["done"], expected);
        };
        check(None, false);
        check(Some(Timestamp::UNIX_EPOCH), true);
    }

    #[test]
    fn what_is_kept_at_the_same_time_is_kept() {
        let root = tempfile::tempdir().expect("a folder");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        Progress::change(root.path(), "a", |steps| steps.runs += 1).expect("kept");
                    }
                });
            }
        });
        let progress = Progress::read(root.path()).expect("progress");
        assert_eq!(progress.of("a").runs, 100);
    }

    #[test]
    fn progress_that_cannot_be_read_is_not_written_over() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join(FILE);
        std::fs::create_dir(root.path().join(".obsbook")).expect("a folder");
        std::fs::write(&path, "{").expect("a file");
        let error = Progress::change(root.path(), "a", |steps| steps.runs = 1);
        assert!(error.is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "{");
    }
}
