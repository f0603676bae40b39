//! Files that are there whole or not at all.

use std::fs;
use std::io;
use std::path::Path;

/// Writes `content` to `path`, whole or not at all; the folder is made when it is not there.
///
/// # Errors
/// The disk does not take it; what was there before is left then.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Two runs at once must not write into one another's half.
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let written = fs::write(&fresh, content).and_then(|()| fs::rename(&fresh, path));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}
