//! What happens while images are built and missing parts installed, as plain data.

use std::path::PathBuf;
use std::time::Duration;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A step of an installation is about to be taken.
    Step {
        /// What will be done.
        what: String,
        /// What it is needed for.
        why: String,
        /// The exact commands.
        commands: Vec<String>,
    },
    /// What the step that is being taken last wrote.
    Line(
        /// One line.
        String,
    ),
    /// The step has been taken.
    Stepped {
        /// What was done.
        what: String,
        /// How long it took.
        took: Duration,
    },
    /// What could not be done, and does not keep the images from being had.
    Warning(
        /// In one line.
        String,
    ),
    /// An official image is about to be pulled.
    Pulling {
        /// Its reference, by digest where the lock file knows one.
        image: String,
    },
    /// Images are about to be built.
    Started {
        /// Their references.
        images: Vec<String>,
        /// Where the builder's whole output goes.
        log: PathBuf,
    },
    /// An image got on.
    Building {
        /// Its reference.
        image: String,
        /// Steps of its Dockerfile that are done.
        step: usize,
        /// Steps that are known by now; stages that begin late add theirs.
        steps: usize,
        /// The instruction that runs.
        line: String,
    },
    /// An image is built.
    Built {
        /// Its reference.
        image: String,
        /// How long it took, from the beginning of the build.
        took: Duration,
    },
    /// All images are built.
    Done {
        /// How many were built.
        built: usize,
        /// How long it took.
        took: Duration,
    },
}
