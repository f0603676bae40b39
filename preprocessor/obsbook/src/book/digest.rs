//! What a book's stack is made of, in one word: it changes when a compose file does, or a file that services are made of.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use sha2::{Digest, Sha256};

use super::load::LoadedBook;

/// What git and obsbook itself keep: it changes with every commit, and with every proof.
const OWN: [&str; 2] = [".git", ".obsbook"];

impl LoadedBook {
    /// Returns the digest, in hexadecimal, of the compose files and of what their services are built from, mount and take variables
    /// from. Of a folder counts what git would keep, but no chapter of the book. What lies elsewhere on the machine does not count.
    pub fn stack_digest(&self) -> String {
        let parts = self.stack_parts();
        let mut files = kept(&parts);
        // Git may not keep what a compose file names, such as `.env`.
        files.extend(parts.iter().filter(|part| part.is_file()).cloned());
        for chapter in &self.book.chapters {
            files.remove(&self.root.join(&chapter.file));
        }
        let base = common(&parts).unwrap_or(self.root.as_path());
        let mut digest = Sha256::new();
        for file in files {
            let name = file.strip_prefix(base).unwrap_or(&file);
            digest.update(name.to_string_lossy().as_bytes());
            // The data of a service, which is not ours to read, decides nothing.
            digest.update(Sha256::digest(fs::read(&file).unwrap_or_default()));
        }
        hexadecimal(&digest.finalize())
    }

    /// Returns the files and folders that are there, without links on their way.
    fn stack_parts(&self) -> BTreeSet<PathBuf> {
        let Some(model) = &self.around.model else {
            return BTreeSet::new();
        };
        let files = model.files.iter().chain(&model.parts);
        let there = |path: &PathBuf| self.root.join(path).canonicalize().ok();
        let first = model.files.first().and_then(there);
        let folders = [
            Some(self.root.as_path()),
            first.as_deref().and_then(Path::parent),
        ];
        // The machine's own folders, such as /proc, are spelt from the root.
        let is_ours = |path: &Path, whole: &Path| {
            let mut folders = folders.iter().flatten();
            path.is_relative() || folders.any(|folder| whole.starts_with(folder))
        };
        files
            .filter_map(|path| there(path).filter(|whole| is_ours(path, whole)))
            .collect()
    }
}

/// Writes bytes as people compare them.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the files in `parts` that git would keep and that can be found.
fn kept(parts: &BTreeSet<PathBuf>) -> BTreeSet<PathBuf> {
    let Some(base) = common(parts) else {
        return BTreeSet::new();
    };
    let wanted = parts.clone();
    // From where all of them can be seen, so that git's rules for a part are seen as well.
    let leads_there = move |entry: &DirEntry| {
        let path = entry.path();
        let mut wanted = wanted.iter();
        let is_own = OWN.iter().any(|name| entry.file_name() == *name);
        !is_own && wanted.any(|part| path.starts_with(part) || part.starts_with(path))
    };
    WalkBuilder::new(base)
        .hidden(false)
        .filter_entry(leads_there)
        .build()
        .flatten()
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(DirEntry::into_path)
        .collect()
}

/// Returns the innermost path that all of `parts` lie below.
fn common(parts: &BTreeSet<PathBuf>) -> Option<&Path> {
    let first = parts.first()?;
    first
        .ancestors()
        .find(|folder| parts.iter().all(|part| part.starts_with(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the digest of a book in `folder` changes when `file` is written, or goes where it is no file.
    fn check(folder: &str, compose: &str, file: &str, expected: bool) {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        let write = |file: &str, text: &str| {
            let path = root.join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        fs::create_dir(root.join(".git")).expect("made");
        write(".gitignore", "/data\n.env\n");
        write("data/db", "1");
        let book = Path::new(folder).join("book.toml");
        let table = format!("[preprocessor.obsbook]\ncompose = {compose:?}\n");
        write(book.to_str().expect("a path"), &table);
        for file in ["src/SUMMARY.md", "src/a.md"] {
            let file = Path::new(folder).join(file);
            write(file.to_str().expect("a path"), "- [A](a.md)\n");
        }
        let services = "services: {a: {build: ./page, volumes: ['./prometheus:/etc/p', './data:/d', '/proc:/p']}}";
        write("compose.yaml", services);
        write("whole/compose.yaml", "services: {a: {build: ..}}");
        write("prometheus/rules.yml", "1");
        write("page/Dockerfile", "1");
        write(".env", "A=1");
        let digest = || {
            let book = LoadedBook::load(&root.join(folder)).expect("a book");
            assert!(book.around.model.is_some());
            book.stack_digest()
        };
        let before = digest();
        assert_eq!(digest(), before, "it is known again");
        write(file, "2: {}");
        assert_eq!(digest() != before, expected, "{file} of {folder}/{compose}");
    }

    #[test]
    fn what_services_are_made_of_changes_the_digest() {
        for (folder, compose) in [("", "compose.yaml"), ("docs", "../compose.yaml")] {
            check(folder, compose, "compose.yaml", true);
            check(folder, compose, "prometheus/rules.yml", true);
            check(folder, compose, "prometheus/new.yml", true);
            check(folder, compose, "page/Dockerfile", true);
            check(folder, compose, ".env", true);
            check(folder, compose, "src/a.md", false);
            check(folder, compose, "other/x", false);
            check(folder, compose, "data/db", false);
        }
    }

    #[test]
    fn a_folder_that_holds_the_book_counts_without_the_book_and_what_is_kept_beside_it() {
        for folder in ["", "docs"] {
            let own = |file: &str| Path::new(folder).join(file).display().to_string();
            let compose = if folder.is_empty() { "" } else { "../" };
            let compose = format!("{compose}whole/compose.yaml");
            check(folder, &compose, "page/Dockerfile", true);
            check(folder, &compose, &own("src/a.md"), false);
            check(folder, &compose, &own(".obsbook/proofs.jsonl"), false);
            check(folder, &compose, ".git/index", false);
        }
    }

    #[test]
    fn what_cannot_be_read_is_left_out() {
        use std::os::unix::fs::PermissionsExt;

        let root = tempfile::tempdir().expect("a folder");
        let root = root.path().canonicalize().expect("a path");
        let (file, closed) = (root.join("a"), root.join("closed"));
        fs::write(&file, "1").expect("written");
        fs::create_dir(&closed).expect("made");
        let may_be_entered = |mode: u32| {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(&closed, mode).expect("set");
        };
        may_be_entered(0o000);
        let found = kept(&BTreeSet::from([root.clone()]));
        may_be_entered(0o700);
        assert_eq!(found, BTreeSet::from([file]));
    }
}
