//! Commands of an installation: shown before they are run, logged while they run.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::error::InstallError;
use super::host::Privilege;
use crate::engine::{merge_lines, state_dir};
use crate::images::Progress;

/// Lines of a command's output that an error shows.
const SHOWN: usize = 15;

/// What receives each progress.
pub(super) type OnProgress<'a> = &'a mut (dyn FnMut(Progress) + Send);

/// A command with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommandLine(Vec<String>);

impl CommandLine {
    pub(super) fn new<S: Into<String>>(words: impl IntoIterator<Item = S>) -> CommandLine {
        CommandLine(words.into_iter().map(Into::into).collect())
    }

    /// A command for root, through `sudo` where that is needed. Without `sudo` it is shown bare,
    /// and [`Log::run`] refuses it.
    pub(super) fn for_root<S: Into<String>>(
        privilege: Privilege,
        words: impl IntoIterator<Item = S>,
    ) -> CommandLine {
        let sudo = (privilege == Privilege::Sudo).then(|| "sudo".to_owned());
        CommandLine(
            sudo.into_iter()
                .chain(words.into_iter().map(Into::into))
                .collect(),
        )
    }
}

impl fmt::Display for CommandLine {
    /// As a shell reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
        for (at, word) in self.0.iter().enumerate() {
            let gap = if at > 0 { " " } else { "" };
            if !word.is_empty() && word.chars().all(plain) {
                write!(f, "{gap}{word}")?;
            } else {
                write!(f, "{gap}'{}'", word.replace('\'', r"'\''"))?;
            }
        }
        Ok(())
    }
}

/// The log of one step.
#[derive(Debug)]
pub(super) struct Log {
    what: String,
    path: PathBuf,
    file: File,
    last: Vec<String>,
}

impl Log {
    /// Begins the log of a step, over that of the last time.
    pub(super) fn begin(what: &str, name: &str) -> Result<Log, InstallError> {
        let folder = state_dir().join("logs");
        std::fs::create_dir_all(&folder).map_err(|error| InstallError::file(&folder, &error))?;
        let path = folder.join(format!("install-{name}.log"));
        let file = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .open(&path);
        let file = file.map_err(|error| InstallError::file(&path, &error))?;
        Ok(Log {
            what: what.to_owned(),
            path,
            file,
            last: Vec::new(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn line(&mut self, line: &str, on_progress: OnProgress<'_>) {
        // A log that cannot be written must not end what it is about.
        let _ = writeln!(self.file, "{line}");
        if self.last.len() == SHOWN {
            self.last.remove(0);
        }
        self.last.push(line.to_owned());
        on_progress(Progress::Line(line.to_owned()));
    }

    pub(super) fn failure(&self, cause: impl Into<String>) -> InstallError {
        InstallError::Step {
            what: self.what.clone(),
            cause: cause.into(),
            lines: self.last.clone(),
            log: self.path.clone(),
        }
    }

    /// Runs a command that needs root.
    pub(super) async fn run_as_root(
        &mut self,
        privilege: Privilege,
        command: &CommandLine,
        on_progress: OnProgress<'_>,
    ) -> Result<(), InstallError> {
        if privilege == Privilege::None {
            return Err(InstallError::NeedsRoot {
                command: command.to_string(),
            });
        }
        self.run(command, on_progress).await
    }

    /// Runs a command to its end.
    ///
    /// It stays in our process group, so that `sudo` may ask for a password on the terminal, and
    /// it is not killed when we give up: a package manager must not be ended half way.
    pub(super) async fn run(
        &mut self,
        command: &CommandLine,
        on_progress: OnProgress<'_>,
    ) -> Result<(), InstallError> {
        self.line(&format!("$ {command}"), on_progress);
        let (program, args) = command
            .0
            .split_first()
            .ok_or_else(|| self.failure("no command"))?;
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.failure(format!("{program}: {error}")))?;
        let mut lines = merge_lines(&mut child);
        while let Some(line) = lines.recv().await {
            self.line(&line, on_progress);
        }
        let status = child
            .wait()
            .await
            .map_err(|error| self.failure(error.to_string()))?;
        if status.success() {
            Ok(())
        } else {
            Err(self.failure(format!("{program}: {status}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_a_shell_reads_them() {
        let check = |privilege, words: &[&str], expected: &str| {
            let command = CommandLine::for_root(privilege, words.iter().copied());
            assert_eq!(command.to_string(), expected);
        };
        check(
            Privilege::Root,
            &["apt-get", "install", "-y"],
            "apt-get install -y",
        );
        check(Privilege::Sudo, &["apt-get"], "sudo apt-get");
        check(Privilege::None, &["a", "deb x y main"], "a 'deb x y main'");
        check(Privilege::Root, &["sh", "it's", ""], r"sh 'it'\''s' ''");
    }
}
