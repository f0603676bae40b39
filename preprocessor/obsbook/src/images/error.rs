//! Why images could not be had.

use std::path::PathBuf;

use super::BASE_IMAGE;
use super::source::Source;
use crate::engine::{ComposeError, ComposeProblem, EngineError};

/// A failed attempt to have the stack's images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImagesError {
    /// A name that is no image source.
    #[error("there is no image source {name}")]
    UnknownSource {
        /// The name.
        name: String,
    },
    /// Images are to be built from packages, and what they are built on is missing.
    #[error("the base image {BASE_IMAGE} is missing")]
    BaseMissing,
    /// A Dockerfile or a file that it copies cannot be read.
    #[error("image {image} cannot be built: {path}: {cause}", path = .path.display())]
    Unreadable {
        /// The image's reference.
        image: String,
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        cause: String,
    },
    /// The lock file cannot be read.
    #[error("{path}:{line}: {cause}", path = .path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        cause: String,
    },
    /// A digest of the lock file cannot be pulled.
    #[error("{reference} cannot be pulled as {digest}: {cause}")]
    Pinned {
        /// The image as the Dockerfile names it.
        reference: String,
        /// What the lock file says that it is.
        digest: String,
        /// The lock file.
        lock: PathBuf,
        /// What the registry said.
        cause: String,
    },
    /// A build failed.
    #[error(transparent)]
    Build(#[from] Box<BuildFailure>),
    /// The log or the state file cannot be written.
    #[error("{path} cannot be written: {cause}", path = .path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// Why it cannot be written.
        cause: String,
    },
    /// `docker compose` failed.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// A failed build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("image {image} could not be built{at}: {cause}", at = .step.as_ref().map(|step| format!(" at `{step}`")).unwrap_or_default())]
pub struct BuildFailure {
    /// The image's reference; those of all images under way when the builder did not say.
    pub image: String,
    /// The instruction that failed.
    pub step: Option<String>,
    /// Why, in one line.
    pub cause: String,
    /// What kind of failure it is.
    pub problem: ComposeProblem,
    /// From where the image was to come.
    pub origin: Source,
    /// The last lines of the step.
    pub lines: Vec<String>,
    /// The whole output.
    pub log: PathBuf,
}

impl BuildFailure {
    fn hint(&self) -> String {
        match (&self.problem, self.origin) {
            (ComposeProblem::NoSpace, _) => {
                "docker system df, then docker builder prune".to_owned()
            }
            (ComposeProblem::ImageUnavailable { .. }, Source::Registry) => {
                "build it from packages: obsbook up --images packages --install".to_owned()
            }
            _ => format!("less {}", self.log.display()),
        }
    }
}

impl ImagesError {
    /// Returns the next command to type, if one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            ImagesError::UnknownSource { .. } => {
                Some("OBSBOOK_IMAGES=registry or OBSBOOK_IMAGES=packages".to_owned())
            }
            ImagesError::BaseMissing => Some("obsbook up --install".to_owned()),
            ImagesError::Unreadable { .. } => None,
            ImagesError::Lock { .. } => Some(
                "write `IMAGE:TAG sha256:…`, or remove the line: obsbook adds it again".to_owned(),
            ),
            ImagesError::Pinned {
                reference, lock, ..
            } => Some(format!(
                "if the registry is there but has the image no longer, remove {reference} from {}",
                lock.display()
            )),
            ImagesError::Build(failure) => Some(failure.hint()),
            ImagesError::State { .. } => Some("obsbook doctor".to_owned()),
            ImagesError::Compose(error) => error.hint(),
            ImagesError::Engine(error) => error.hint(),
        }
    }

    /// Returns the last lines of what failed, oldest first; empty when there are none.
    pub fn lines(&self) -> &[String] {
        match self {
            ImagesError::Build(failure) => &failure.lines,
            ImagesError::Compose(ComposeError {
                problem: ComposeProblem::Failed { lines, .. },
                ..
            }) => lines,
            _ => &[],
        }
    }
}
