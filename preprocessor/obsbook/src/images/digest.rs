//! The digest of everything that decides what an image becomes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::dockerfile::Dockerfile;
use super::error::ImagesError;
use super::model::Target;
use super::pattern::{Ignore, covers, matches};
use super::stage::needed;

/// What decides what an image becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inputs {
    /// The digest of the Dockerfile, the files it reads, the arguments and the stage.
    pub(super) digest: String,
    /// The images that the Dockerfile's stages begin with.
    pub(super) bases: Vec<String>,
    /// Those of them, and of the images it copies from, that the stage cannot be built without.
    pub(super) needed: BTreeSet<String>,
}

/// Reads a build's inputs.
///
/// # Errors
/// A Dockerfile or a file that it copies cannot be read.
pub(super) fn inputs(target: &Target) -> Result<Inputs, ImagesError> {
    let unreadable = |path: &Path, error: &io::Error| ImagesError::Unreadable {
        image: target.image.clone(),
        path: path.to_owned(),
        cause: error.to_string(),
    };
    let dockerfile = target.context.join(&target.dockerfile);
    let text = match &target.inline {
        Some(text) => text.clone(),
        None => fs::read_to_string(&dockerfile).map_err(|error| unreadable(&dockerfile, &error))?,
    };
    let parsed = Dockerfile::parse(&text, &target.args);
    let mut hash = Hash::default();
    hash.part("dockerfile", text.as_bytes());
    hash.part(
        "stage",
        target.stage.as_deref().unwrap_or_default().as_bytes(),
    );
    for (name, value) in &target.args {
        hash.part("argument", name.as_bytes());
        hash.part("value", value.as_bytes());
    }
    let ignore = ignore_file(&target.context, &dockerfile);
    hash.tree(&target.context, &parsed.sources, &Ignore::parse(&ignore))
        .map_err(|(path, error)| unreadable(&path, &error))?;
    for (name, place) in &target.contexts {
        hash.part("context", name.as_bytes());
        hash.part("place", place.as_bytes());
        let folder = Path::new(place);
        if folder.is_dir() {
            hash.tree(folder, &[".".to_owned()], &Ignore::default())
                .map_err(|(path, error)| unreadable(&path, &error))?;
        }
    }
    Ok(Inputs {
        digest: hash.finish(),
        needed: needed(&parsed.stages, target.stage.as_deref()),
        bases: parsed.bases,
    })
}

/// A file named after the Dockerfile wins over the one of the context.
pub(super) fn ignore_file(context: &Path, dockerfile: &Path) -> String {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(".dockerignore");
    fs::read_to_string(PathBuf::from(own))
        .or_else(|_| fs::read_to_string(context.join(".dockerignore")))
        .unwrap_or_default()
}

#[derive(Default)]
struct Hash(Sha256);

impl Hash {
    /// Lengths keep `ab` + `c` apart from `a` + `bc`.
    fn part(&mut self, kind: &str, content: &[u8]) {
        for bytes in [kind.as_bytes(), content] {
            self.0.update((bytes.len() as u64).to_le_bytes());
            self.0.update(bytes);
        }
    }

    fn finish(self) -> String {
        self.0
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn tree(
        &mut self,
        root: &Path,
        sources: &[String],
        ignore: &Ignore,
    ) -> Result<(), (PathBuf, io::Error)> {
        let mut files = Vec::new();
        if sources.is_empty() {
            return Ok(());
        }
        walk(root, "", sources, ignore, &mut files)?;
        files.sort();
        for file in files {
            let path = root.join(&file);
            let failed = |error| (path.clone(), error);
            self.part("file", file.as_bytes());
            if path.is_symlink() {
                let link = fs::read_link(&path).map_err(failed)?;
                self.part("link", link.as_os_str().as_encoded_bytes());
                continue;
            }
            self.part(
                mode(&path).map_err(failed)?,
                &fs::read(&path).map_err(failed)?,
            );
        }
        Ok(())
    }
}

/// An image keeps whether a file may be run; the other bits differ between checkouts.
fn mode(path: &Path) -> io::Result<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o111 != 0 {
            return Ok("executable");
        }
    }
    Ok("content")
}

pub(super) fn walk(
    root: &Path,
    folder: &str,
    sources: &[String],
    ignore: &Ignore,
    files: &mut Vec<String>,
) -> Result<(), (PathBuf, io::Error)> {
    let path = root.join(folder);
    let failed = |error| (path.clone(), error);
    for entry in fs::read_dir(&path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let inside = if folder.is_empty() {
            name.into_owned()
        } else {
            format!("{folder}/{name}")
        };
        if entry.file_type().map_err(failed)?.is_dir() {
            if !ignore.prunes(&inside) && sources.iter().any(|source| leads_to(source, &inside)) {
                walk(root, &inside, sources, ignore, files)?;
            }
        } else if !ignore.leaves_out(&inside)
            && sources.iter().any(|source| covers(source, &inside))
        {
            files.push(inside);
        }
    }
    Ok(())
}

/// Whether files that a source names can lie in a folder: it covers it, or goes on below it.
fn leads_to(source: &str, folder: &str) -> bool {
    let depth = folder.split('/').count();
    let head: Vec<&str> = source.split('/').take(depth).collect();
    covers(source, folder) || source.contains("**") || matches(&head.join("/"), folder)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A context with a service, its neighbour and what both share.
    fn project() -> (tempfile::TempDir, Target) {
        let root = tempfile::tempdir().unwrap();
        let files = [
            (
                "svc/Dockerfile",
                "FROM obsbook/base:bookworm\nCOPY svc/*.py svc/src /app/\nCOPY proto /p\n",
            ),
            ("svc/main.py", "1"),
            ("svc/src/deep/a.py", "1"),
            ("svc/README.md", "1"),
            ("svc/src/skip.pyc", "1"),
            ("proto/orders.proto", "1"),
            ("other/main.py", "1"),
            (".dockerignore", "**/*.pyc\n"),
        ];
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let target = Target {
            image: "obsbook/svc:1".to_owned(),
            service: "svc".to_owned(),
            context: root.path().to_owned(),
            dockerfile: "svc/Dockerfile".into(),
            inline: None,
            stage: Some("packages".to_owned()),
            args: BTreeMap::from([("V".to_owned(), "1".to_owned())]),
            contexts: BTreeMap::new(),
        };
        (root, target)
    }

    fn check(changes: impl FnOnce(&Path, &mut Target), expected: bool) {
        let (root, mut target) = project();
        let before = inputs(&target).unwrap();
        changes(root.path(), &mut target);
        assert_eq!(inputs(&target).unwrap() != before, expected);
    }

    #[test]
    fn a_change_of_an_input_changes_the_digest() {
        let write = |path: &'static str| {
            move |root: &Path, _: &mut Target| {
                fs::write(root.join(path), "2").unwrap();
            }
        };
        check(write("svc/main.py"), true);
        check(write("svc/new.py"), true);
        check(write("svc/src/deep/a.py"), true);
        check(write("proto/orders.proto"), true);
        check(write("svc/README.md"), false);
        check(write("svc/src/skip.pyc"), false);
        check(write("other/main.py"), false);
        check(|_, _| {}, false);
        check(|_, target| target.stage = Some("registry".to_owned()), true);
        check(
            |_, target| drop(target.args.insert("V".to_owned(), "2".to_owned())),
            true,
        );
        check(
            |root, _| fs::rename(root.join("svc/main.py"), root.join("svc/x.py")).unwrap(),
            true,
        );
        check(
            |root, _| {
                fs::write(root.join("svc/Dockerfile"), "FROM x\nCOPY svc/*.py /app/").unwrap()
            },
            true,
        );
        #[cfg(unix)]
        check(
            |root, _| {
                use std::os::unix::fs::PermissionsExt;
                let executable = fs::Permissions::from_mode(0o755);
                fs::set_permissions(root.join("svc/main.py"), executable).unwrap();
            },
            true,
        );
    }

    #[test]
    fn further_contexts_count() {
        let extra = tempfile::tempdir().unwrap();
        fs::write(extra.path().join("x"), "1").unwrap();
        let (_root, mut target) = project();
        target.contexts.insert(
            "lib".to_owned(),
            extra.path().to_string_lossy().into_owned(),
        );
        let before = inputs(&target).unwrap();
        fs::write(extra.path().join("x"), "2").unwrap();
        assert_ne!(inputs(&target).unwrap(), before);
    }

    #[test]
    fn a_missing_dockerfile_is_named() {
        let (_root, mut target) = project();
        target.dockerfile = "gone/Dockerfile".into();
        let error = inputs(&target).unwrap_err().to_string();
        assert!(
            error.contains("image obsbook/svc:1 cannot be built"),
            "{error}"
        );
        assert!(error.contains("gone/Dockerfile"), "{error}");
    }
}
