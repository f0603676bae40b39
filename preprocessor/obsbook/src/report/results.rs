//! The results file of a test run: it names every lab of the book, so that a run that tested nothing cannot pass for one.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use obsbook_lab::book::Book;
use obsbook_lab::verdict::Verdict;
use serde::{Deserialize, Serialize};

use super::file::{Newer, write_whole};

/// Version of the results file.
const VERSION: u32 = 1;

/// What a run left behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// Version of this format.
    pub v: u32,
    /// The run.
    pub run: String,
    /// When it ended, in UTC.
    pub time: Timestamp,
    /// Its exit status.
    pub status: u8,
    /// Every lab of the book, in the book's order.
    pub labs: Vec<Line>,
}

/// One lab in the results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The lab's id.
    pub id: String,
    /// Its file, relative to the book's root.
    pub file: PathBuf,
    /// The line of its fence.
    pub line: usize,
    /// How it ended.
    pub verdict: Verdict,
    /// Why, unless it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Seconds that it took.
    pub seconds: f64,
}

/// Why results do not show that the book was tested.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// There is no file.
    #[error("there are no results at {0}: no test run of this book has ended")]
    Missing(PathBuf),
    /// The file is none of ours.
    #[error("the results at {path} cannot be read: {cause}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: String,
    },
    /// A newer obsbook wrote it.
    #[error(transparent)]
    Newer(#[from] Newer),
    /// It cannot be removed.
    #[error("the old results at {path} cannot be removed: {cause}")]
    Stuck {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// Labs of the book are not in it.
    #[error("the results at {path} do not name {labs}")]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// The missing ids.
        labs: String,
    },
}

impl ResultsError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::Newer(newer) => newer.hint(),
            Self::Stuck { .. } => "give permission there, or set `results` in book.toml".to_owned(),
            Self::Missing(_) | Self::Unreadable { .. } | Self::Incomplete { .. } => {
                "run `mdbook test` first".to_owned()
            }
        }
    }
}

impl Results {
    /// Removes the results of an earlier run, so that they do not speak for the next one.
    ///
    /// # Errors
    /// A newer obsbook wrote them, or the disk does not let them go.
    pub fn remove(path: &Path) -> Result<(), ResultsError> {
        if let Ok(text) = fs::read(path) {
            Newer::refuse(path, &text, VERSION)?;
        }
        match fs::remove_file(path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(ResultsError::Stuck {
                path: path.to_owned(),
                cause,
            }),
            _ => Ok(()),
        }
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// The disk does not take it.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_whole(path, &serde_json::to_vec_pretty(self)?)
    }

    /// Returns the results at `path`, which name every lab of `book`.
    ///
    /// # Errors
    /// The file is missing, unreadable, or leaves labs out.
    pub fn read(path: &Path, book: &Book) -> Result<Self, ResultsError> {
        let text = fs::read_to_string(path).map_err(|_| ResultsError::Missing(path.to_owned()))?;
        Newer::refuse(path, text.as_bytes(), VERSION)?;
        let results: Self =
            serde_json::from_str(&text).map_err(|error| ResultsError::Unreadable {
                path: path.to_owned(),
                cause: error.to_string(),
            })?;
        let named: BTreeSet<&str> = results.labs.iter().map(|line| line.id.as_str()).collect();
        let missing: Vec<_> = book
            .labs()
            .map(|lab| lab.id.as_str())
            .filter(|id| !named.contains(id))
            .collect();
        if missing.is_empty() {
            return Ok(results);
        }
        Err(ResultsError::Incomplete {
            path: path.to_owned(),
            labs: missing.join(", "),
        })
    }
}
