//! Debian's packages.

use tokio::process::Command;

use super::command::{CommandLine, Log, OnProgress};
use super::error::InstallError;
use super::host::Host;

/// Returns the commands that install packages.
pub(super) fn commands(host: &Host, packages: &[&str]) -> Vec<CommandLine> {
    // A fresh machine often updates itself in the background: wait for its lock. Nobody may be
    // there to answer questions.
    let apt = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
    ];
    let with =
        |words: &[&str]| CommandLine::for_root(host.privilege, apt.iter().chain(words).copied());
    let install = ["install", "--yes", "--no-install-recommends"];
    vec![with(&["update"]), with(&[&install, packages].concat())]
}

/// Installs packages.
pub(super) async fn install(
    host: &Host,
    packages: &[&str],
    log: &mut Log,
    on_progress: OnProgress<'_>,
) -> Result<(), InstallError> {
    let commands = commands(host, packages);
    let Some((install, before)) = commands.split_last() else {
        return Ok(());
    };
    for update in before {
        match log.run_as_root(host.privilege, update, on_progress).await {
            // One foreign source that is away must not keep the rest from being installed.
            Ok(()) | Err(InstallError::Step { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    log.run_as_root(host.privilege, install, on_progress).await
}

/// Returns the version of a package that apt would install, or none.
pub(super) async fn candidate(package: &str) -> Option<String> {
    let output = Command::new("apt-cache")
        .env("LC_ALL", "C")
        .args(["policy", package])
        .output()
        .await
        .ok()?;
    parse_candidate(&String::from_utf8_lossy(&output.stdout))
}

fn parse_candidate(output: &str) -> Option<String> {
    let version = output
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate:"))?
        .trim();
    (version != "(none)" && !version.is_empty()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::host::Privilege;

    #[test]
    fn the_candidate_is_read() {
        let check = |output: &str, expected: Option<&str>| {
            assert_eq!(parse_candidate(output).as_deref(), expected);
        };
        check(
            "docker-compose:\n  Installed: (none)\n  Candidate: 2.26.1-4\n",
            Some("2.26.1-4"),
        );
        check(
            "docker-compose:\n  Installed: (none)\n  Candidate: (none)\n",
            None,
        );
        check("", None);
    }

    #[test]
    fn nothing_is_asked() {
        let host = Host {
            system: String::new(),
            is_debian: true,
            privilege: Privilege::Sudo,
        };
        let shown: Vec<String> = commands(&host, &["docker.io", "iptables"])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            shown[1],
            "sudo env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install \
             --yes --no-install-recommends docker.io iptables"
        );
    }
}
