//! Mistakes that need not be noticed, each with its reason: a list that people write and that runs check.

use std::io;
use std::path::Path;

use serde::Deserialize;

/// The list of a book.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equivalents {
    #[serde(default)]
    mutant: Vec<Equivalent>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Equivalent {
    lab: String,
    change: String,
    reason: String,
}

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum EquivalentsError {
    /// The file cannot be read.
    #[error("failed to read {path}: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause.
        cause: io::Error,
    },
    /// It is no such list.
    #[error("{path}: {cause}")]
    Wrong {
        /// The file.
        path: String,
        /// The cause, with its line and column.
        cause: toml::de::Error,
    },
}

impl Equivalents {
    /// Returns the list at `path`; without a file it is empty.
    ///
    /// # Errors
    /// The file is there and cannot be read, or is no such list.
    pub fn read(path: &Path) -> Result<Self, EquivalentsError> {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(EquivalentsError::Unreadable { path: name, cause }),
        };
        toml::from_str(&text).map_err(|cause| EquivalentsError::Wrong { path: name, cause })
    }

    /// Returns why a change to a lab need not be noticed.
    pub fn reason(&self, lab: &str, change: &str) -> Option<String> {
        let mut all = self.mutant.iter();
        let found = all.find(|mutant| mutant.lab == lab && mutant.change == change);
        found.map(|mutant| mutant.reason.clone())
    }
}
