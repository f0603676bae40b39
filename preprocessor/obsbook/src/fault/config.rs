//! Another file in the place of a service's own: the service is made anew with it, and anew without it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::engine::{ComposeError, EngineError};
use crate::stack::Stack;

/// Why a file cannot be put in the place of another.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file, or what obsbook keeps of it.
    #[error("{path} cannot be read or kept: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// `docker compose` does not make the service anew.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Makes a service anew with `file`, of the book, in the place of `target`, in its container.
pub(super) async fn swap(
    stack: &Stack,
    service: &str,
    file: &Path,
    target: &str,
) -> Result<(), ConfigError> {
    let source = stack.compose().root.join(file);
    let text = fs::read(&source).map_err(|cause| ConfigError::File {
        path: source.clone(),
        cause,
    })?;
    let folder = stack.directory().join("config").join(service);
    // A copy: what is edited while the lab runs is for its next run.
    let copy = folder.join(format!("file-{}", count(&folder)));
    let mount = json!({"type": "bind", "source": copy, "target": target, "read_only": true});
    let keep = || -> io::Result<PathBuf> {
        fs::create_dir_all(&folder)?;
        fs::write(&copy, &text)?;
        // Compose adds the lists of its files together.
        let part = copy.with_extension("yaml");
        let override_file = json!({"services": {service: {"volumes": [mount]}}});
        fs::write(&part, override_file.to_string())?;
        Ok(part)
    };
    keep().map_err(|cause| ConfigError::File {
        path: copy.clone(),
        cause,
    })?;
    make_anew(stack, service, parts(&folder)).await
}

/// Makes a service anew with its own files; one that has them already is left alone.
pub(super) async fn put_back(stack: &Stack, service: &str) -> Result<(), ConfigError> {
    if stack.container(service).await?.is_none() {
        return Ok(());
    }
    make_anew(stack, service, Vec::new()).await?;
    let folder = stack.directory().join("config").join(service);
    match fs::remove_dir_all(&folder) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(ConfigError::File {
            path: folder,
            cause,
        }),
        _ => Ok(()),
    }
}

async fn make_anew(
    stack: &Stack,
    service: &str,
    overrides: Vec<PathBuf>,
) -> Result<(), ConfigError> {
    let mut compose = stack.compose().clone();
    compose.files.extend(overrides);
    // Every profile is active, and one service is named: nothing else is touched.
    let only = ["--no-deps", service];
    compose.up("*", &only, &mut |_| {}).await?;
    Ok(())
}

fn count(folder: &Path) -> usize {
    parts(folder).len()
}

fn parts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut parts: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .collect();
    parts.sort();
    parts
}
