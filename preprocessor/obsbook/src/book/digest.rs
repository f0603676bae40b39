//! What a book's stack is made of, in one word: it changes when a compose file does, or anything beside one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use sha2::{Digest, Sha256};

use super::load::LoadedBook;

impl LoadedBook {
    /// Returns the digest, in hexadecimal, of the compose files and of everything in their folders that git would keep: configuration,
    /// Dockerfiles, services. Of the book's own folder only the compose files count, since chapters lie there too.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn stack_digest(&self) -> io::Result<String> {
        let compose = self.around.model.iter().flat_map(|model| &model.files);
        let mut files: Vec<PathBuf> = Vec::new();
        for file in compose {
            let path = self.root.join(file);
            match path.parent() {
                Some(folder) if folder != self.root => files.extend(kept(folder)?),
                _ => files.push(path),
            }
        }
        files.sort();
        files.dedup();
        let mut digest = Sha256::new();
        for file in files {
            let name = file.strip_prefix(&self.root).unwrap_or(&file);
            digest.update(name.to_string_lossy().as_bytes());
            digest.update(Sha256::digest(fs::read(&file)?));
        }
        Ok(hexadecimal(&digest.finalize()))
    }
}

/// Writes bytes as people compare them.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn kept(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in WalkBuilder::new(folder).hidden(false).build() {
        let entry = entry.map_err(io::Error::other)?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}
