//! Room on the disk.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::error::InstallError;
use crate::engine::{Engine, state_dir};

/// What images that are fetched, containers and their data take together.
const FETCHED_MIB: u64 = 6 * 1024;

/// The same for images that are built from packages: half of it are Go's modules and what its compiler keeps.
const BUILT_MIB: u64 = 12 * 1024;

/// What our own state takes: the base image while it is made, logs, journals.
const STATE_MIB: u64 = 1024;

/// Where the engine keeps its images when it cannot be asked.
const DEFAULT_ROOT: &str = "/var/lib/docker";

/// Checks that there is room for our own state, and for images: more where all of them are yet to be
/// built. What cannot be measured passes.
///
/// # Errors
/// `Disk`, with the folder and what is free.
pub async fn check_disk(engine: Option<&Engine>, to_build: bool) -> Result<(), InstallError> {
    let for_images = if to_build { BUILT_MIB } else { FETCHED_MIB };
    let mut folders = vec![(state_dir(), STATE_MIB)];
    match engine {
        // The folders of an engine elsewhere cannot be measured from here.
        Some(engine) if engine.is_elsewhere() => {}
        Some(engine) => folders.push((engine.info().root.clone().into(), for_images)),
        None => folders.push((DEFAULT_ROOT.into(), for_images)),
    }
    for (folder, needed_mib) in folders {
        let folder = nearest_existing(&folder);
        let output = Command::new("df")
            .args(["--output=avail", "-B1M"])
            .arg(&folder)
            .output()
            .await;
        let free = output
            .ok()
            .and_then(|output| parse(&String::from_utf8_lossy(&output.stdout)));
        if let Some(free_mib) = free.filter(|free| *free < needed_mib) {
            return Err(InstallError::Disk {
                path: folder,
                free_mib,
                needed_mib,
            });
        }
    }
    Ok(())
}

fn nearest_existing(path: &Path) -> PathBuf {
    path.ancestors()
        .find(|path| path.exists())
        .unwrap_or(Path::new("/"))
        .to_owned()
}

fn parse(output: &str) -> Option<u64> {
    output.lines().nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_line_of_df_counts() {
        assert_eq!(parse("  Avail\n 74811\n"), Some(74_811));
        assert_eq!(parse("df: no such file\n"), None);
        assert_eq!(
            nearest_existing(Path::new("/proc/no/such")),
            Path::new("/proc")
        );
    }
}
