//! Files that are written whole or not at all.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

use super::error::CreateError;

/// Writes a file that is not there yet, with its folders.
pub(super) fn create(root: &Path, path: &Path, text: &str) -> Result<(), CreateError> {
    let full = root.join(path);
    let written = fresh(&full, text, None).and_then(|file| {
        let kept = file.persist_noclobber(&full);
        kept.map_err(|error| error.error)
    });
    match written {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(CreateError::Exists(path.to_owned()))
        }
        Err(error) => Err(CreateError::disk("write", path)(error)),
    }
}

/// Puts another text in place of a file's, with the permissions that it has.
pub(super) fn replace(root: &Path, path: &Path, text: &str) -> Result<(), CreateError> {
    // Through a link, so that the link stays one.
    let full = root.join(path);
    let write = || {
        let full = full.canonicalize()?;
        let permissions = fs::metadata(&full)?.permissions();
        let file = fresh(&full, text, Some(permissions))?;
        file.persist(&full).map_err(|error| error.error)
    };
    write()
        .map(|_| ())
        .map_err(CreateError::disk("write", path))
}

/// Returns `changed` with the line ends that `text` has.
pub(super) fn with_ends_of(text: &str, changed: &str) -> String {
    if text.contains("\r\n") {
        changed.replace("\r\n", "\n").replace('\n', "\r\n")
    } else {
        changed.to_owned()
    }
}

fn fresh(path: &Path, text: &str, permissions: Option<Permissions>) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = Builder::new();
    builder.prefix(".obsbook-");
    let usual = usual_permissions();
    if let Some(permissions) = permissions.or(usual) {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// What a text file has before the umask: a temporary file would be its owner's alone.
fn usual_permissions() -> Option<Permissions> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Some(Permissions::from_mode(0o666))
    }
    #[cfg(not(unix))]
    None
}
