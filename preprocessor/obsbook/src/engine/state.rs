//! The folder in which obsbook keeps what must outlive a command.

use std::path::PathBuf;

/// Returns the user's state folder of obsbook, `$XDG_STATE_HOME/obsbook` or
/// `~/.local/state/obsbook`. It need not exist yet.
///
/// Without either variable (a service account, a bare container) it lies in the system's folder
/// for temporary files, where it at least outlives the process.
pub fn state_dir() -> PathBuf {
    resolve(
        std::env::var_os("XDG_STATE_HOME").map(PathBuf::from),
        std::env::home_dir(),
    )
}

fn resolve(xdg: Option<PathBuf>, home: Option<PathBuf>) -> PathBuf {
    // The XDG specification tells to ignore a relative path: it would move with the working folder.
    xdg.filter(|path| path.is_absolute())
        .or_else(|| {
            home.filter(|path| path.is_absolute())
                .map(|path| path.join(".local/state"))
        })
        .unwrap_or_else(std::env::temp_dir)
        .join("obsbook")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(xdg: Option<&str>, home: Option<&str>, expected: &str) {
        assert_eq!(
            resolve(xdg.map(Into::into), home.map(Into::into)),
            PathBuf::from(expected)
        );
    }

    #[test]
    fn xdg_wins_and_must_be_absolute() {
        check(Some("/x"), Some("/home/a"), "/x/obsbook");
        check(None, Some("/home/a"), "/home/a/.local/state/obsbook");
        check(
            Some("relative"),
            Some("/home/a"),
            "/home/a/.local/state/obsbook",
        );
        check(Some(""), Some("/home/a"), "/home/a/.local/state/obsbook");
    }
}
