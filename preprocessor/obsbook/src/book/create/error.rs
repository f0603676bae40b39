//! Why nothing was made.

use std::io;
use std::path::{Path, PathBuf};

use obsbook_lab::block::scaffold::OutlineError;

use crate::book::SettingsError;

/// Why nothing was made; the book is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The block would not lint clean.
    #[error("{message}")]
    Block {
        /// What is wrong with it.
        message: String,
        /// What to say instead.
        hint: String,
    },
    /// A lab has this id already.
    #[error("the id `{id}` is taken")]
    IdTaken {
        /// The id.
        id: String,
        /// Where it stands: file and line.
        place: String,
    },
    /// No chapter of SUMMARY.md has this file.
    #[error("no chapter of this book is the file {}", file.display())]
    NoChapter {
        /// The file that was asked for.
        file: PathBuf,
        /// The nearest chapters.
        hint: String,
    },
    /// A chapter without a number has no place in the list.
    #[error("{} is no numbered chapter", .0.display())]
    Unnumbered(PathBuf),
    /// What is appended would be inside another block.
    #[error("{} ends inside another block", .0.display())]
    OpenEnd(PathBuf),
    /// The name cannot be a chapter's file.
    #[error("`{0}` cannot be a lesson's name")]
    Name(String),
    /// The title cannot stand in one line.
    #[error("a title of no text, or of several lines")]
    Title,
    /// The file is there.
    #[error("there is a file {} already", .0.display())]
    Exists(PathBuf),
    /// mdBook would not find the new chapter in SUMMARY.md.
    #[error("{} has no place for a chapter", .0.display())]
    Summary(PathBuf),
    /// The compose files name no service.
    #[error("no service that a lab could break")]
    NoService,
    /// book.toml.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The disk.
    #[error("failed to {action} {}: {cause}", path.display())]
    Disk {
        /// What was tried: `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        cause: io::Error,
    },
}

impl CreateError {
    pub(super) fn disk(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Disk {
            action,
            path,
            cause,
        }
    }

    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::Block { hint, .. } | Self::NoChapter { hint, .. } => hint.clone(),
            Self::IdTaken { place, .. } => {
                format!("it is that of the lab at {place}; ids are unique in the whole book")
            }
            Self::Unnumbered(_) => {
                "name a chapter of the list in SUMMARY.md, or leave --after out".to_owned()
            }
            Self::OpenEnd(_) => "close its last fence or comment first".to_owned(),
            Self::Name(_) => {
                "lowercase letters, digits and hyphens, with `/` for a folder: `caching`, `metrics/caching`"
                    .to_owned()
            }
            Self::Title => "write --title as one line".to_owned(),
            Self::Exists(_) => "choose another name; nothing was changed".to_owned(),
            Self::Summary(_) => {
                "mend it until `mdbook build` passes; nothing was changed".to_owned()
            }
            Self::NoService => {
                "name one with --service, or set `compose` under [preprocessor.obsbook] in book.toml"
                    .to_owned()
            }
            Self::Settings(error) => error.hint(),
            Self::Disk { .. } => "see that it can be read and written; nothing was changed".to_owned(),
        }
    }
}

impl From<OutlineError> for CreateError {
    fn from(error: OutlineError) -> Self {
        Self::Block {
            message: error.message,
            hint: error.hint,
        }
    }
}
