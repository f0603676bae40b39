//! What the tags of official images mean: `images.lock`, beside the compose file.
//!
//! A tag can be moved by whoever owns it; a digest cannot.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::ImagesError;

const NAME: &str = "images.lock";

const HEADER: &str = "\
# What each tag meant when obsbook first took the image. Kept with the book, so that everybody gets the same images.
# Remove a line to take what the tag means today.
";

/// The digests of official images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lock {
    path: PathBuf,
    digests: BTreeMap<String, String>,
}

impl Lock {
    /// Reads the lock file of `folder`; none is an empty one.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is not a reference and a digest.
    pub(super) fn read(folder: &Path) -> Result<Self, ImagesError> {
        let path = folder.join(NAME);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                let cause = error.to_string();
                return Err(ImagesError::Lock {
                    path,
                    line: 1,
                    cause,
                });
            }
        };
        let mut digests = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let pair = line.split_once(char::is_whitespace);
            let digest = pair.map(|(_, digest)| digest.trim());
            match (pair, digest.filter(|digest| is_digest(digest))) {
                (Some((reference, _)), Some(digest)) => {
                    digests.insert(reference.to_owned(), digest.to_owned());
                }
                _ => {
                    return Err(ImagesError::Lock {
                        path,
                        line: index + 1,
                        cause: format!("`{line}` is not an image and its digest"),
                    });
                }
            }
        }
        Ok(Self { path, digests })
    }

    /// Returns the digest of a reference.
    pub(super) fn digest(&self, reference: &str) -> Option<&str> {
        self.digests.get(reference).map(String::as_str)
    }

    /// Adds what a reference means, for this run and in the file, which another run may have changed meanwhile.
    ///
    /// # Errors
    /// The file cannot be read any more, or not be written; this run knows the reference all the same.
    pub(super) fn add(&mut self, reference: &str, digest: &str) -> Result<(), ImagesError> {
        self.digests.insert(reference.to_owned(), digest.to_owned());
        let folder = self.path.parent().unwrap_or(Path::new(""));
        for (reference, digest) in Self::read(folder)?.digests {
            self.digests.entry(reference).or_insert(digest);
        }
        let mut text = HEADER.to_owned();
        for (reference, digest) in &self.digests {
            text.push_str(&format!("{reference} {digest}\n"));
        }
        let beside = self
            .path
            .with_extension(format!("{}.tmp", std::process::id()));
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, &self.path))
            .map_err(|error| ImagesError::State {
                path: self.path.clone(),
                cause: error.to_string(),
            })
    }

    /// Returns where the file lies.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The OCI image specification, descriptor: an algorithm, a colon, the encoded digest.
fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    #[test]
    fn what_is_added_is_read_back_in_the_order_of_names() {
        let folder = tempfile::tempdir().unwrap();
        let mut lock = Lock::read(folder.path()).unwrap();
        assert_eq!(lock.digest("redis:7"), None);
        lock.add("redis:7", &digest('b')).unwrap();
        lock.add("nginx:1", &digest('a')).unwrap();
        assert_eq!(Lock::read(folder.path()).unwrap(), lock);
        let text = std::fs::read_to_string(lock.path()).unwrap();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        let expected = [
            format!("nginx:1 {}", digest('a')),
            format!("redis:7 {}", digest('b')),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn what_another_run_has_added_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = Lock::read(folder.path()).unwrap();
        let mut other = one.clone();
        one.add("redis:7", &digest('b')).unwrap();
        other.add("nginx:1", &digest('a')).unwrap();
        let lock = Lock::read(folder.path()).unwrap();
        assert_eq!(lock.digest("redis:7"), Some(digest('b').as_str()));
        assert_eq!(lock.digest("nginx:1"), Some(digest('a').as_str()));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error_of_the_file_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut lock = Lock::read(&folder.path().join("gone")).unwrap();
        assert!(lock.add("redis:7", &digest('b')).is_err());
        assert_eq!(lock.digest("redis:7"), Some(digest('b').as_str()));
    }

    #[test]
    fn a_line_that_pins_nothing_is_refused() {
        for line in [
            "redis:7",
            "redis:7 latest",
            "redis:7 sha256:12",
            "redis:7 md5:1",
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(NAME), format!("# why\n{line}\n")).unwrap();
            let error = Lock::read(folder.path()).unwrap_err().to_string();
            let expected = format!("{NAME}:2: `{line}` is not an image and its digest");
            assert!(error.ends_with(&expected), "{error}");
        }
    }
}
