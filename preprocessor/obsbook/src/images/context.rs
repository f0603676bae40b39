//! A copy of a build context, for an image with other files.

use std::fs;
use std::io;
use std::path::Path;

use super::digest::{ignore_file, walk};
use super::pattern::Ignore;

/// Copies a build context to the folder `into`, without what its `.dockerignore` leaves out; that file comes along.
///
/// # Errors
/// A file cannot be read or written.
pub fn copy_context(context: &Path, dockerfile: &Path, into: &Path) -> io::Result<()> {
    let ignore = Ignore::parse(&ignore_file(context, &context.join(dockerfile)));
    let mut files = Vec::new();
    let everything = [".".to_owned()];
    walk(context, "", &everything, &ignore, &mut files).map_err(|(_, error)| error)?;
    // Neither is part of what an image can hold, so a context may leave them out and yet need them.
    files.extend([".dockerignore".to_owned(), dockerfile.display().to_string()]);
    for file in files {
        let (from, to) = (context.join(&file), into.join(&file));
        if !from.exists() {
            continue;
        }
        fs::create_dir_all(to.parent().unwrap_or(into))?;
        // The mode comes along: an image keeps whether a file may be run.
        fs::copy(&from, &to)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_what_the_build_can_reach() {
        let root = tempfile::tempdir().expect("a folder");
        let (context, copy) = (root.path().join("a"), root.path().join("b"));
        for (path, text) in [
            ("Dockerfile", "FROM scratch"),
            ("src/app.py", "1"),
            ("src/app.pyc", "1"),
            (".dockerignore", "**/*.pyc\nDockerfile\n"),
        ] {
            let path = context.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        copy_context(&context, Path::new("Dockerfile"), &copy).expect("a copy");
        let there = |path: &str| copy.join(path).exists();
        assert!(there("Dockerfile") && there("src/app.py") && there(".dockerignore"));
        assert!(!there("src/app.pyc"));
    }
}
