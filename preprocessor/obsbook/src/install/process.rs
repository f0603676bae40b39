//! Processes that outlive us, told apart from later ones of the same number.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// A process of this machine, beyond doubt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcessId {
    pid: u32,
    /// When it was started, in clock ticks since the machine was.
    started: u64,
    /// The machine's own start: numbers and ticks begin anew with it.
    boot: String,
}

impl ProcessId {
    /// Returns the process that has a number now, or none.
    pub(super) fn of(pid: u32) -> Option<ProcessId> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Some(ProcessId {
            pid,
            started: started(&stat)?,
            boot: boot.trim().to_owned(),
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    pub(super) fn runs(&self) -> bool {
        ProcessId::of(self.pid).as_ref() == Some(self)
    }

    pub(super) fn load(path: &Path) -> Option<ProcessId> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    pub(super) fn save(&self, path: &Path) -> std::io::Result<()> {
        std::fs::write(path, serde_json::to_vec(self)?)
    }
}

/// The 22nd field of `/proc/PID/stat`. The second is the program's name, in brackets, and may hold
/// blanks and brackets itself; a zombie has ended.
fn started(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_read_behind_any_name() {
        let check = |head: &str, expected: Option<u64>| {
            let stat = format!("{head} 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777 20");
            assert_eq!(started(&stat), expected);
        };
        check("12 (dockerd) S", Some(777));
        check("12 (a ) S (b) R", Some(777));
        check("12 (dockerd) Z", None);
        assert_eq!(started("12 (dockerd"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_is_itself_until_it_ends() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let process = ProcessId::of(child.id()).unwrap();
        assert!(process.runs());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.json");
        process.save(&path).unwrap();
        assert_eq!(ProcessId::load(&path), Some(process.clone()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!process.runs());
    }
}
