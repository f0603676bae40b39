//! What later commands must know of how a stack was brought up: empty files in its folder, for as long as it is up.

use std::fs;
use std::path::Path;

/// Something that is so or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// It has free ports: a command that does not say so must not make it anew.
    FreePorts,
    /// A job of a run made it for itself: it may be taken down, with its data.
    OfJob,
}

impl Mark {
    pub(super) const ALL: [Self; 2] = [Self::FreePorts, Self::OfJob];

    pub(super) fn is_set(self, folder: &Path) -> bool {
        folder.join(self.file()).exists()
    }

    pub(super) fn set(self, folder: &Path) {
        // Without it the stack is made anew, or left up, at worst.
        let _ = fs::create_dir_all(folder).and_then(|()| fs::write(folder.join(self.file()), ""));
    }

    pub(super) fn clear(self, folder: &Path) {
        let _ = fs::remove_file(folder.join(self.file()));
    }

    fn file(self) -> &'static str {
        match self {
            Self::FreePorts => "free-ports",
            Self::OfJob => "of-job",
        }
    }
}
