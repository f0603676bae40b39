//! The machine that is installed on.

use std::path::{Path, PathBuf};

/// How commands become root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Privilege {
    Root,
    Sudo,
    None,
}

/// The machine that is installed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    /// The system's name, as it calls itself.
    pub(super) system: String,
    /// Whether it is Debian, Ubuntu or made from one of them.
    pub(super) is_debian: bool,
    /// How commands become root.
    pub(super) privilege: Privilege,
}

impl Host {
    pub(super) fn detect() -> Host {
        let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
        let (system, is_debian) = read_release(&release);
        let privilege = if is_root() {
            Privilege::Root
        } else if find_program("sudo").is_some() {
            Privilege::Sudo
        } else {
            Privilege::None
        };
        Host {
            system,
            is_debian: is_debian && find_program("apt-get").is_some(),
            privilege,
        }
    }
}

/// Returns whether we run as root, by the owner of our own process.
pub(super) fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}

/// Returns where a program lies. Folders of system programs count even when PATH leaves them out,
/// as it does for users of Debian.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path: &PathBuf| Path::is_file(path))
}

fn read_release(text: &str) -> (String, bool) {
    let field = |name: &str| {
        let lines = text.lines().filter_map(|line| line.split_once('='));
        lines
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.trim_matches('"').to_owned())
            .next()
    };
    let ids = format!(
        "{} {}",
        field("ID").unwrap_or_default(),
        field("ID_LIKE").unwrap_or_default()
    );
    let is_debian = ids
        .split_whitespace()
        .any(|id| id == "debian" || id == "ubuntu");
    let name = field("PRETTY_NAME").or_else(|| field("NAME"));
    (
        name.unwrap_or_else(|| std::env::consts::OS.to_owned()),
        is_debian,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: (&str, bool)) {
        let (system, is_debian) = read_release(text);
        assert_eq!((system.as_str(), is_debian), expected);
    }

    #[test]
    fn debian_and_its_children_are_known() {
        check(
            "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n",
            ("Debian GNU/Linux 12", true),
        );
        check(
            "ID=ubuntu\nID_LIKE=debian\nNAME=\"Ubuntu\"\n",
            ("Ubuntu", true),
        );
        check(
            "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nNAME=Mint\n",
            ("Mint", true),
        );
        check(
            "ID=fedora\nNAME=\"Fedora Linux\"\n",
            ("Fedora Linux", false),
        );
        check("", (std::env::consts::OS, false));
    }
}
