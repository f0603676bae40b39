//! An exercise on the stack: the file as it is handed out first, then the one that is tried.

use std::fs;
use std::path::Path;

use obsbook_lab::block::{Exercise, Fault, FaultKind};
use obsbook_lab::event::Event;
use obsbook_lab::verdict::Verdict;

use super::lab::LabRun;
use super::outcome::{Outcome, Step};
use crate::fault::inject;

/// Lines of a service's log that are told with a file that it does not run with.
const LOG_LINES: usize = 5;
/// No edit ends by itself.
const NO_END: std::time::Duration = std::time::Duration::ZERO;

/// How far a reader has come with an exercise's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It has just been made from the starter.
    HandedOut,
    /// It says what the starter says.
    Unchanged,
    /// It is the reader's own.
    Edited,
}

/// Returns how far the reader has come with an exercise of the book at `root`; a file that is not there is made from the starter.
///
/// # Errors
/// A file cannot be read or written, in words.
pub fn progress(root: &Path, exercise: &Exercise) -> Result<Progress, String> {
    let told = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let starter = root.join(&exercise.starter);
    let starter = fs::read(&starter).map_err(|error| told(&exercise.starter, error))?;
    let path = root.join(&exercise.edit.file);
    match fs::read(&path) {
        // An editor that only adds the last line's end has changed nothing.
        Ok(own) if own.trim_ascii_end() == starter.trim_ascii_end() => Ok(Progress::Unchanged),
        Ok(_) => Ok(Progress::Edited),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(root);
            let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, starter));
            written.map_err(|error| told(&exercise.edit.file, error))?;
            Ok(Progress::HandedOut)
        }
        Err(error) => Err(told(&exercise.edit.file, error)),
    }
}

impl LabRun<'_> {
    /// Puts the starter in place, its undo on disk before it; what is tried later is undone with it.
    pub(super) async fn hand_out(&self, exercise: &Exercise) -> Step<()> {
        let fault = edit(exercise, &exercise.starter);
        self.journal_undo(&fault).await?;
        self.put(&fault).await
    }

    /// Puts the file in place that is to be tried.
    pub(super) async fn apply(&self, exercise: &Exercise) -> Step<()> {
        self.put(&edit(exercise, &exercise.edit.file)).await
    }

    /// Whoever wrote the file is told when the service does not run with it: that is no fault of the environment.
    async fn put(&self, fault: &Fault) -> Step<()> {
        let busy = self.busy.lock().await;
        let injected = inject(self.stack, fault, NO_END).await;
        drop(busy);
        if let Err(error) = injected {
            let verdict = if error.is_invalid() {
                Verdict::Invalid
            } else {
                Verdict::Failed
            };
            let mut outcome = Outcome::new(verdict, format!("failed to {fault}"));
            outcome.seen = error.to_string().lines().map(str::to_owned).collect();
            return Err(outcome);
        }
        self.emit(Event::FaultInjected {
            fault: fault.clone(),
        });
        let running = self.all_running().await;
        let Err(mut outcome) = running else {
            return Ok(());
        };
        outcome.verdict = Verdict::Failed;
        let file = match &fault.kind {
            FaultKind::Edit { file, .. } => file.display().to_string(),
            _ => String::new(),
        };
        outcome.reason = Some(format!("{} does not run with {file}", fault.service));
        outcome.seen = self.log_of(&fault.service).await;
        Err(outcome)
    }

    async fn log_of(&self, service: &str) -> Vec<String> {
        match self.stack.container(service).await {
            Ok(Some(container)) => {
                let tail = self.stack.engine().log_tail(&container.id, LOG_LINES).await;
                tail.unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }
}

fn edit(exercise: &Exercise, file: &Path) -> Fault {
    Fault {
        service: exercise.edit.service.clone(),
        kind: FaultKind::Edit {
            file: file.to_owned(),
            target: exercise.edit.target.clone(),
            reach: exercise.edit.reach,
        },
    }
}

#[cfg(test)]
mod tests {
    use obsbook_lab::block::{Edit, Reach};

    use super::*;

    #[test]
    fn a_file_is_handed_out_once_and_is_the_readers_when_it_says_something_else() {
        let root = tempfile::tempdir().expect("a folder");
        let exercise = Exercise {
            edit: Edit {
                file: "labs/mine/a.yaml".into(),
                service: "prometheus".to_owned(),
                target: "/a.yaml".to_owned(),
                reach: Reach::Reload,
            },
            starter: "labs/a.starter.yaml".into(),
            solution: "solutions/a.yaml".into(),
            wrong_fixes: Vec::new(),
        };
        let now = || progress(root.path(), &exercise);
        assert_eq!(
            now().map_err(|error| error.split(':').next().map(str::to_owned)),
            Err(Some("labs/a.starter.yaml".to_owned()))
        );
        fs::create_dir(root.path().join("labs")).expect("a folder");
        fs::write(root.path().join("labs/a.starter.yaml"), "a: 1\n").expect("a file");
        assert_eq!(now(), Ok(Progress::HandedOut));
        assert_eq!(now(), Ok(Progress::Unchanged));
        let own = root.path().join("labs/mine/a.yaml");
        fs::write(&own, "a: 1").expect("a file");
        assert_eq!(now(), Ok(Progress::Unchanged));
        fs::write(&own, "a: 2").expect("a file");
        assert_eq!(now(), Ok(Progress::Edited));
    }
}
