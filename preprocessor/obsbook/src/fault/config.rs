//! Another file in the place of a service's own: the service is made anew with it, and anew without it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::engine::{Compose, ComposeError, EngineError};
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
    /// The service has no container.
    #[error("service {0} has no container in this stack")]
    NoContainer(String),
    /// The service does not take the file.
    #[error("{service} does not take it: {reason}")]
    Refused {
        /// The service.
        service: String,
        /// What it says.
        reason: String,
    },
    /// The service's image is not built from files of the book.
    #[error("the image of {0} is not built from the book's files, so it cannot be built anew")]
    NotBuilt(String),
    /// There is nothing to put the file in the place of.
    #[error("the build context {context} has no file {target}")]
    NoSuchFile {
        /// The build context.
        context: PathBuf,
        /// The file's place in it.
        target: String,
    },
}

/// Makes a service anew with `file`, of the book, in the place of `target`, in its container.
pub(super) async fn swap(
    stack: &Stack,
    service: &str,
    file: &Path,
    target: &str,
) -> Result<(), ConfigError> {
    let folder = folder(stack, service);
    let name = format!("file-{}", parts(&folder).len());
    // A copy: what is edited while the lab runs is for its next run.
    let copied = folder.join(&name);
    copy(&stack.compose().root.join(file), &copied)?;
    let mount = json!({"type": "bind", "source": copied, "target": target, "read_only": true});
    let part = json!({"services": {service: {"volumes": [mount]}}});
    make_anew_with(stack, service, &name, &part).await
}

/// Makes a service anew with its own files; one that has them already is left alone.
pub(super) async fn put_back(stack: &Stack, service: &str) -> Result<(), ConfigError> {
    if stack.container(service).await?.is_some() {
        up(stack, stack.compose(), service, &[]).await?;
    }
    remove(folder(stack, service))
}

/// Removes the files that services had instead of their own: no container is left that mounts them.
///
/// # Errors
/// The disk does not let them go.
pub(crate) fn forget_files(stack: &Stack) -> Result<(), ConfigError> {
    remove(all_files(stack))
}

fn remove(folder: PathBuf) -> Result<(), ConfigError> {
    match fs::remove_dir_all(&folder) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(ConfigError::File {
            path: folder,
            cause,
        }),
        _ => Ok(()),
    }
}

/// Where the files lie that a service has instead of its own.
pub(super) fn folder(stack: &Stack, service: &str) -> PathBuf {
    all_files(stack).join(service)
}

fn all_files(stack: &Stack) -> PathBuf {
    stack.directory().join("config")
}

/// Copies a file of the book into a file that may be mounted already: it stays the same one.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), ConfigError> {
    let content = fs::read(from).map_err(|cause| ConfigError::File {
        path: from.to_owned(),
        cause,
    })?;
    let write = || -> io::Result<()> {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        fs::write(to, content)
    };
    write().map_err(|cause| ConfigError::File {
        path: to.to_owned(),
        cause,
    })
}

/// Makes a service anew with one more part of a compose file.
pub(super) async fn make_anew_with(
    stack: &Stack,
    service: &str,
    name: &str,
    part: &Value,
) -> Result<(), ConfigError> {
    let compose = with_part(stack, service, name, part)?;
    up(stack, &compose, service, &[]).await
}

/// Makes a service anew with the parts that it has.
pub(super) async fn make_anew(stack: &Stack, service: &str) -> Result<(), ConfigError> {
    up(stack, &with_parts(stack, service), service, &[]).await
}

/// Makes a service anew with the parts that it has, also where nothing seems to have changed.
pub(super) async fn make_anew_again(stack: &Stack, service: &str) -> Result<(), ConfigError> {
    let again = ["--force-recreate"];
    up(stack, &with_parts(stack, service), service, &again).await
}

/// Keeps a part of a compose file and returns the stack's with it; Compose adds the lists of its files together.
pub(super) fn with_part(
    stack: &Stack,
    service: &str,
    name: &str,
    part: &Value,
) -> Result<Compose, ConfigError> {
    let path = folder(stack, service).join(name).with_extension("yaml");
    let write = || -> io::Result<()> {
        fs::create_dir_all(folder(stack, service))?;
        fs::write(&path, part.to_string())
    };
    write().map_err(|cause| ConfigError::File {
        path: path.clone(),
        cause,
    })?;
    Ok(with_parts(stack, service))
}

fn with_parts(stack: &Stack, service: &str) -> Compose {
    let mut compose = stack.compose().clone();
    compose.files.extend(parts(&folder(stack, service)));
    compose
}

async fn up(
    stack: &Stack,
    compose: &Compose,
    service: &str,
    extra: &[&str],
) -> Result<(), ConfigError> {
    stack.send_mounted::<ConfigError>(compose, "*").await?;
    // Every profile is active, and one service is named: nothing else is touched.
    let only = [extra, &["--no-deps", service]].concat();
    compose.up("*", &only, &mut |_| {}).await?;
    Ok(())
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
