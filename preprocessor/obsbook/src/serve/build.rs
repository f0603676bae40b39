//! The built book: made by mdBook at the start, and again when a file of the book is saved.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

/// Why the book is not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no mdBook.
    #[error("mdbook cannot be started: {0}")]
    NoMdBook(std::io::Error),
    /// It refused the book.
    #[error("mdbook could not build the book")]
    Refused {
        /// The last lines that it printed.
        lines: Vec<String>,
    },
}

impl BuildError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::NoMdBook(_) => "cargo install mdbook --version 0.5.4 --locked".to_owned(),
            Self::Refused { .. } => "obsbook lint".to_owned(),
        }
    }

    /// Returns the last lines that mdBook printed.
    pub fn lines(&self) -> &[String] {
        match self {
            Self::NoMdBook(_) => &[],
            Self::Refused { lines } => lines,
        }
    }
}

/// Says where pages find the live server whatever `book.toml` says.
const LIVE: &str = "MDBOOK_PREPROCESSOR__OBSBOOK__LIVE";
/// Lines of mdBook's that are told.
const LINES: usize = 20;

/// Builds the book at `root` into `folder`.
///
/// # Errors
/// mdBook is not there, or refuses the book.
pub(super) async fn build(root: &Path, folder: &Path) -> Result<(), BuildError> {
    let mut command = Command::new("mdbook");
    command.arg("build").arg("--dest-dir").arg(folder).arg(root);
    // These pages find their server where they are from, whatever its port.
    command.env(LIVE, "");
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.map_err(BuildError::NoMdBook)?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let from = lines.len().saturating_sub(LINES);
    Err(BuildError::Refused {
        lines: lines[from..].to_vec(),
    })
}

/// Returns the folder that the book at `root` is built into: not mdBook's own, which `mdbook serve` may have open.
pub(super) fn folder(root: &Path) -> PathBuf {
    root.join(".obsbook/book")
}
