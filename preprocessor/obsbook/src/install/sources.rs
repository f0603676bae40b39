//! This machine's own package sources, as those of the base image.

use tokio::process::Command;

/// The release that the base image is made of.
pub(super) const RELEASE: &str = "bookworm";

/// What `apt-get indextargets` is asked to write for each index.
const FORMAT: &str = "$(CREATED_BY)|$(ORIGIN)|$(CODENAME)|$(COMPONENT)|$(REPO_URI)";

/// Returns source lines for the base image: the mirrors from which this machine itself takes
/// Debian. Empty when it takes Debian from nowhere (Ubuntu).
pub(super) async fn lines() -> Vec<String> {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", FORMAT])
        .output()
        .await;
    output.map_or_else(
        |_| Vec::new(),
        |output| parse(&String::from_utf8_lossy(&output.stdout)),
    )
}

fn parse(output: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in output.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let ["Packages", "Debian", codename, "main", uri] = fields[..] else {
            continue;
        };
        // A newer Debian's mirror serves the base image's release as well.
        let (_, pocket) = codename.split_once('-').unwrap_or((codename, ""));
        let suite = match pocket {
            "" => RELEASE.to_owned(),
            "updates" | "security" => format!("{RELEASE}-{pocket}"),
            // Backports and proposed updates are no part of a stable image.
            _ => continue,
        };
        let line = format!("deb {} {suite} main", uri.trim_end_matches('/'));
        if !found.contains(&line) {
            found.push(line);
        }
    }
    // Updates alone make no system.
    let complete = found
        .iter()
        .any(|line| line.ends_with(&format!(" {RELEASE} main")));
    if complete { found } else { Vec::new() }
}

/// Returns the proxy that apt uses, unless it is one of this machine alone, which containers
/// cannot reach.
pub(super) async fn proxy() -> Option<String> {
    let args = ["dump", "--format", "%v%n", "Acquire::http::Proxy"];
    let output = Command::new("apt-config").args(args).output().await.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let proxy = text.lines().next()?.trim().to_owned();
    let loopback = ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|host| proxy.contains(host));
    (!proxy.is_empty() && !loopback).then_some(proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(output: &str, expected: &[&str]) {
        assert_eq!(parse(output), expected);
    }

    #[test]
    fn debians_own_sources_are_taken() {
        check(
            "Packages|Debian|bookworm|main|http://mirror.example/debian/\n\
             DEP-11|Debian|bookworm|main|http://mirror.example/debian/\n\
             Packages|Debian|bookworm-updates|main|http://mirror.example/debian/\n\
             Packages|Debian|bookworm-security|main|http://mirror.example/debian-security/\n\
             Packages|Debian Backports|bookworm-backports|main|http://mirror.example/debian/\n\
             Packages|Debian|bookworm|contrib|http://mirror.example/debian/\n\
             Packages|. nodistro|nodistro|main|https://deb.example/node_20.x/\n",
            &[
                "deb http://mirror.example/debian bookworm main",
                "deb http://mirror.example/debian bookworm-updates main",
                "deb http://mirror.example/debian-security bookworm-security main",
            ],
        );
    }

    #[test]
    fn a_newer_debians_mirror_serves_too_and_ubuntus_does_not() {
        check(
            "Packages|Debian|trixie|main|http://mirror.example/debian/\n\
             Packages|Debian|trixie-security|main|http://mirror.example/debian-security/\n",
            &[
                "deb http://mirror.example/debian bookworm main",
                "deb http://mirror.example/debian-security bookworm-security main",
            ],
        );
        check(
            "Packages|Ubuntu|noble|main|http://archive.example/ubuntu/\n",
            &[],
        );
        check(
            "Packages|Debian|bookworm-updates|main|http://mirror.example/debian/\n",
            &[],
        );
        check("", &[]);
    }
}
