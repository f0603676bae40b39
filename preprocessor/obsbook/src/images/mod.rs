//! The stack's images: from where they come, whether they are current, and building them.

mod build;
mod context;
mod digest;
mod dockerfile;
mod ensure;
mod error;
mod lock;
mod model;
mod official;
mod pattern;
mod plain;
mod progress;
mod record;
mod renderer;
mod source;
mod stage;

#[cfg(test)]
mod live_tests;

pub use context::copy_context;
pub use ensure::{Report, ensure};
pub use error::{BuildFailure, ImagesError};
pub use progress::Progress;
pub use renderer::Renderer;
pub use source::{Choice, Source, choose};

/// What every image of the source `packages` is built on.
pub const BASE_IMAGE: &str = "obsbook/base:bookworm";
