//! Files of this machine that containers of an engine elsewhere mount: laid there, at the same paths.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::ListImagesOptions;

use super::client::Engine;
use super::error::EngineError;

const WHAT: &str = "take the files that containers mount";

impl Engine {
    /// Lays files and folders onto the engine's machine, at the paths that they have here.
    ///
    /// The engine makes the folders, so no account on that machine needs permission for them: a container that never
    /// runs mounts them, and the files are put through it.
    ///
    /// # Errors
    /// A file that cannot be read, or the engine's refusal.
    pub async fn lay(&self, paths: &BTreeSet<PathBuf>) -> Result<(), EngineError> {
        if paths.is_empty() {
            return Ok(());
        }
        let archive = pack(paths).map_err(|error| EngineError::Api {
            what: WHAT.to_owned(),
            status: 0,
            message: error.to_string(),
        })?;
        let listed = self.docker.list_images(None::<ListImagesOptions>).await;
        let images = listed.map_err(|error| self.refusal(&error, WHAT))?;
        let image = images.into_iter().next().ok_or_else(|| EngineError::Api {
            what: WHAT.to_owned(),
            status: 0,
            message: "it has no image".to_owned(),
        })?;
        let binds = folders(paths)
            .iter()
            .map(|folder| format!("{0}:{0}", folder.display()))
            .collect();
        let body = ContainerCreateBody {
            image: Some(image.id),
            cmd: Some(vec!["never".to_owned()]),
            host_config: Some(HostConfig {
                binds: Some(binds),
                ..Default::default()
            }),
            ..Default::default()
        };
        let container = self.throw_away(body, WHAT).await?;
        container.put(archive, WHAT).await?;
        container.delete().await
    }
}

fn pack(paths: &BTreeSet<PathBuf>) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for path in paths {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let name = path.strip_prefix("/").unwrap_or(path);
        if path.is_dir() {
            archive.append_dir_all(name, path).map_err(named)?;
        } else {
            archive.append_path_with_name(path, name).map_err(named)?;
        }
    }
    archive.into_inner()
}

/// The folders to mount: of a file its own, and none that lies in another.
fn folders(paths: &BTreeSet<PathBuf>) -> Vec<&Path> {
    let all: BTreeSet<&Path> = paths
        .iter()
        .map(|path| match path.parent() {
            Some(parent) if !path.is_dir() => parent,
            _ => path.as_path(),
        })
        .collect();
    let inner = |folder: &&Path| {
        let mut outer = folder.ancestors().skip(1);
        !outer.any(|outer| all.contains(outer))
    };
    all.iter().copied().filter(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_keep_their_paths_and_each_folder_is_mounted_once() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        std::fs::create_dir_all(root.join("config/rules")).unwrap();
        for file in ["config/a.yml", "config/rules/b.yml", "c.yml"] {
            std::fs::write(root.join(file), file).unwrap();
        }
        let paths = BTreeSet::from([root.join("config/rules"), root.join("config/a.yml")]);
        assert_eq!(folders(&paths), [root.join("config")]);
        let archive = pack(&paths).unwrap();
        let mut archive = tar::Archive::new(archive.as_slice());
        let entries = archive.entries().unwrap().map(|entry| {
            let path = Path::new("/").join(entry.unwrap().path().unwrap());
            path.strip_prefix(root).unwrap().display().to_string()
        });
        let expected = ["config/a.yml", "config/rules", "config/rules/b.yml"];
        assert_eq!(entries.collect::<Vec<_>>(), expected);
        let gone = BTreeSet::from([root.join("gone")]);
        assert!(pack(&gone).unwrap_err().to_string().contains("gone: "));
    }
}
