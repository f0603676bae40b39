//! A subprocess and its own children, which end together.

use std::io;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::lines::merge_lines;

/// How long a group that is asked to end may take.
const GRACE: Duration = Duration::from_secs(10);
/// How long the kernel may take for a group that is killed.
const DYING: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// A process group, by its leader. One that goes out of scope before its end is ended first: whoever gave up goes on to
/// work on the same stack.
pub(super) struct Group {
    leader: Child,
}

impl Group {
    /// Starts a command as the leader of a group.
    ///
    /// # Errors
    /// The command cannot be started.
    pub(super) fn spawn(command: &mut Command) -> io::Result<Self> {
        command.process_group(0);
        Ok(Self {
            leader: command.spawn()?,
        })
    }

    /// Returns the lines of both streams, as [`merge_lines`] does.
    pub(super) fn lines(&mut self) -> mpsc::UnboundedReceiver<String> {
        merge_lines(&mut self.leader)
    }

    /// Returns whether the whole group has ended within a time.
    fn ends(&mut self, group: Pid, within: Duration) -> bool {
        let asked = Instant::now();
        loop {
            // An ended leader counts as one of the group until it is waited for.
            let _ = self.leader.try_wait();
            if test_kill_process_group(group).is_err() {
                return true;
            }
            if asked.elapsed() > within {
                return false;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Returns the leader's status once it has ended.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        self.leader.wait().await
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A leader that has been waited for has no id, and its group has ended by itself.
        let id = self.leader.id().and_then(|id| i32::try_from(id).ok());
        let Some(group) = id.and_then(Pid::from_raw) else {
            return;
        };
        // Killing the leader alone, `docker`, would leave its plug-in at work.
        for (signal, patience) in [(Signal::TERM, GRACE), (Signal::KILL, DYING)] {
            let _ = kill_process_group(group, signal);
            if self.ends(group, patience) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    /// The leader waits for its child, as `docker` does for a plug-in, and says the child's number.
    const FAMILY: &str = "trap : TERM; sleep 1000 & echo $!; wait; wait";

    async fn start() -> (Group, mpsc::UnboundedReceiver<String>, Pid) {
        let mut command = Command::new("sh");
        command.args(["-c", FAMILY]).kill_on_drop(true);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::spawn(&mut command).expect("a shell");
        let mut lines = group.lines();
        let child = lines.recv().await.expect("a line");
        let child = child
            .parse()
            .ok()
            .and_then(Pid::from_raw)
            .expect("a number");
        (group, lines, child)
    }

    #[tokio::test]
    async fn what_is_given_up_ends_with_its_children() {
        let (group, _lines, child) = start().await;
        assert!(rustix::process::test_kill_process(child).is_ok());
        drop(group);
        assert!(rustix::process::test_kill_process(child).is_err());
    }

    #[tokio::test]
    async fn what_has_ended_is_left_alone() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]);
        let mut group = Group::spawn(&mut command).expect("a shell");
        assert_eq!(group.wait().await.expect("an end").code(), Some(3));
        assert_eq!(group.leader.id(), None);
        drop(group);
    }
}
