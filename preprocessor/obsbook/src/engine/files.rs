//! Files in containers.

use std::io::Read;

use bollard::query_parameters::DownloadFromContainerOptions;
use futures_util::TryStreamExt;

use super::client::Engine;
use super::error::EngineError;

impl Engine {
    /// Returns the content of one file in a container, running or not, in its image, its own layer
    /// or a volume. A symbolic link is followed once.
    ///
    /// # Errors
    /// `NoSuchContainer`, `NoSuchFile` (also for a folder), or the engine's refusal.
    pub async fn read_file(&self, id: &str, path: &str) -> Result<Vec<u8>, EngineError> {
        match self.read_archive(id, path).await {
            Ok(Entry::File(content)) => Ok(content),
            Ok(Entry::Link(target)) => match self.read_archive(id, &target).await? {
                Entry::File(content) => Ok(content),
                Entry::Link(_) => Err(missing(id, path)),
            },
            // The archive API looks at the engine's side of the mounts, so it cannot see a tmpfs.
            Err(EngineError::NoSuchFile { .. }) => {
                match self.exec_bytes(id, &["cat", path]).await {
                    Ok((content, _, 0)) => Ok(content),
                    Err(EngineError::NoSuchContainer { id }) => {
                        Err(EngineError::NoSuchContainer { id })
                    }
                    _ => Err(missing(id, path)),
                }
            }
            Err(error) => Err(error),
        }
    }

    async fn read_archive(&self, id: &str, path: &str) -> Result<Entry, EngineError> {
        let what = "read a file of a container";
        let options = DownloadFromContainerOptions {
            path: path.to_owned(),
        };
        let parts = self
            .docker
            .download_from_container(id, Some(options))
            .try_fold(Vec::new(), async |mut all: Vec<u8>, part| {
                all.extend_from_slice(&part);
                Ok(all)
            })
            .await
            .map_err(|error| match self.refusal(&error, what) {
                EngineError::Api {
                    status: 404,
                    message,
                    ..
                } if is_container(&message) => EngineError::NoSuchContainer { id: id.to_owned() },
                EngineError::Api { status: 404, .. } => missing(id, path),
                other => other,
            })?;
        first_entry(&parts, path)
            .map_err(|error| EngineError::Api {
                what: what.to_owned(),
                status: 0,
                message: error.to_string(),
            })?
            .ok_or_else(|| missing(id, path))
    }
}

fn missing(id: &str, path: &str) -> EngineError {
    EngineError::NoSuchFile {
        id: id.to_owned(),
        path: path.to_owned(),
    }
}

/// The engine answers 404 for both; only its words tell which of the two is missing.
fn is_container(message: &str) -> bool {
    message.starts_with("No such container")
}

enum Entry {
    File(Vec<u8>),
    Link(String),
}

fn first_entry(archive: &[u8], path: &str) -> std::io::Result<Option<Entry>> {
    let mut archive = tar::Archive::new(archive);
    let Some(entry) = archive.entries()?.next() else {
        return Ok(None);
    };
    let mut entry = entry?;
    match entry.header().entry_type() {
        tar::EntryType::Regular | tar::EntryType::Continuous => {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            Ok(Some(Entry::File(content)))
        }
        tar::EntryType::Symlink => Ok(entry.link_name()?.map(|target| {
            let folder = std::path::Path::new(path).parent().unwrap_or("/".as_ref());
            Entry::Link(folder.join(target).to_string_lossy().into_owned())
        })),
        _ => Ok(None),
    }
}
