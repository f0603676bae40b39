//! What is remembered of built images: `images.json` in the state folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ImagesError;
use super::source::Source;
use crate::engine::state_dir;

/// A file of another version is as good as none: the builder's cache makes up for it.
const VERSION: u32 = 1;

/// The memory of all engines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Records {
    v: u32,
    engines: BTreeMap<String, EngineRecord>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct EngineRecord {
    source: Option<String>,
    images: BTreeMap<String, ImageRecord>,
}

/// What an image was built from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ImageRecord {
    /// The image's id.
    pub(super) id: String,
    /// The digest of its inputs.
    pub(super) digest: String,
    /// The ids of the images that its stages began with, where the engine had them.
    pub(super) bases: BTreeMap<String, String>,
}

impl ImageRecord {
    /// Whether the image `id` still is what its inputs make. A base image that was deleted since
    /// does not count: it cannot have changed.
    pub(super) fn is_current(
        &self,
        id: &str,
        digest: &str,
        bases: &BTreeMap<String, String>,
    ) -> bool {
        let same = |name: &String, id: &String| bases.get(name).is_none_or(|now| now == id);
        self.id == id && self.digest == digest && self.bases.iter().all(|(name, id)| same(name, id))
    }
}

impl Records {
    /// Reads the memory; none that can be read is an empty one.
    pub(super) fn load() -> Records {
        Records::load_from(&path())
    }

    fn load_from(path: &Path) -> Records {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let records: Records = serde_json::from_str(&text).unwrap_or_default();
        if records.v == VERSION {
            records
        } else {
            Records {
                v: VERSION,
                ..Records::default()
            }
        }
    }

    /// Returns what this engine's images were last made from.
    pub(super) fn source(&self, engine: &str) -> Option<Source> {
        self.engines.get(engine)?.source.as_deref()?.parse().ok()
    }

    /// Returns what an image was built from.
    pub(super) fn image(&self, engine: &str, reference: &str) -> Option<&ImageRecord> {
        self.engines.get(engine)?.images.get(reference)
    }

    /// Remembers, and writes at once. Reads the file first: another obsbook may have written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn remember(
        engine: &str,
        source: Source,
        images: &BTreeMap<String, ImageRecord>,
    ) -> Result<(), ImagesError> {
        Records::remember_in(&path(), engine, source, images)
    }

    fn remember_in(
        path: &Path,
        engine: &str,
        source: Source,
        images: &BTreeMap<String, ImageRecord>,
    ) -> Result<(), ImagesError> {
        let mut records = Records::load_from(path);
        let record = records.engines.entry(engine.to_owned()).or_default();
        record.source = Some(source.name().to_owned());
        record.images.extend(images.clone());
        records.save(path).map_err(|error| ImagesError::State {
            path: path.to_owned(),
            cause: error.to_string(),
        })
    }

    /// Writes beside and renames, so that no reader sees half of it.
    fn save(&self, path: &Path) -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let beside = path.with_extension(format!("{}.tmp", std::process::id()));
        std::fs::write(&beside, serde_json::to_vec_pretty(self)?)?;
        std::fs::rename(&beside, path)
    }
}

fn path() -> PathBuf {
    state_dir().join("images.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ImageRecord {
        ImageRecord {
            id: "sha256:1".to_owned(),
            digest: "d".to_owned(),
            bases: BTreeMap::from([("base".to_owned(), "sha256:b".to_owned())]),
        }
    }

    #[test]
    fn what_is_remembered_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/images.json");
        let images = BTreeMap::from([("a:1".to_owned(), record())]);
        Records::remember_in(&path, "E", Source::Packages, &images).unwrap();
        Records::remember_in(&path, "F", Source::Registry, &BTreeMap::new()).unwrap();
        let read = Records::load_from(&path);
        assert_eq!(read.image("E", "a:1"), Some(&record()));
        assert_eq!(read.source("E"), Some(Source::Packages));
        assert_eq!(
            (read.source("F"), read.source("G")),
            (Some(Source::Registry), None)
        );
        std::fs::write(&path, "{ torn").unwrap();
        assert_eq!(Records::load_from(&path).source("E"), None);
    }

    #[test]
    fn an_image_is_current_while_nothing_changed() {
        let check = |id: &str, digest: &str, base: Option<&str>, expected: bool| {
            let bases = base
                .map(|id| ("base".to_owned(), id.to_owned()))
                .into_iter()
                .collect();
            assert_eq!(record().is_current(id, digest, &bases), expected);
        };
        check("sha256:1", "d", Some("sha256:b"), true);
        check("sha256:1", "d", None, true);
        check("sha256:1", "d", Some("sha256:c"), false);
        check("sha256:2", "d", Some("sha256:b"), false);
        check("sha256:1", "e", Some("sha256:b"), false);
    }
}
