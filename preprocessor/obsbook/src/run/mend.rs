//! What is done to a broken stack to mend it, or to seem to, and whether the stack is whole afterwards.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use obsbook_lab::event::{Event, Phase};
use obsbook_lab::verdict::Verdict;
use tokio::time::timeout;

use super::lab::LabRun;
use super::outcome::{Outcome, Step};
use super::shell::bash;
use crate::prepare::make_whole;
use crate::stack::Stack;

/// How long a script of a challenge may run.
const SCRIPT_LASTS: Duration = Duration::from_secs(120);
/// Lines of a script's output that are told when it fails.
const TOLD_LINES: usize = 10;

/// What is done once a challenge's symptom shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mend {
    /// Nothing.
    Nothing,
    /// A shell script of the book, with the stack as the one that `docker compose` means.
    Script(PathBuf),
    /// What `obsbook reset` does.
    Reset,
}

impl LabRun<'_> {
    /// Does what is to be tried, and returns whether the stack is mended. `symptom` is whether the breakage showed.
    pub(super) async fn mend(&self, mend: &Mend, symptom: Step<()>) -> Step<()> {
        if let Err(mut outcome) = symptom {
            if outcome.verdict == Verdict::Failed {
                outcome.verdict = Verdict::Vacuous;
                let reason = outcome.reason.unwrap_or_default();
                outcome.reason = Some(format!("the breakage does not show: {reason}"));
            }
            return Err(outcome);
        }
        match mend {
            Mend::Nothing => {}
            Mend::Script(file) => run_script(self.stack, file).await?,
            Mend::Reset => {
                self.undo_all().await?;
                self.make_whole().await?;
            }
        }
        self.judge().await
    }

    /// Returns whether the steady state holds on what is seen from now on.
    pub(super) async fn judge(&self) -> Step<()> {
        let (now, started) = (self.stack_time(), Instant::now());
        let held = self.steady(Phase::Recover, started, Some(now), Verdict::Failed);
        held.await.map_err(|mut outcome| {
            // A source that is silent may be what was broken.
            if matches!(outcome.verdict, Verdict::Failed | Verdict::Unsteady) {
                outcome.verdict = Verdict::Failed;
                let reason = outcome.reason.unwrap_or_default();
                outcome.reason = Some(format!("not mended: {reason}"));
            }
            outcome
        })?;
        self.emit(Event::SteadyRestored {
            seconds: started.elapsed().as_secs_f64(),
        });
        Ok(())
    }

    /// Brings everything back that no journal knows of: what a reader or a script stopped, scaled or silenced.
    pub(super) async fn make_whole(&self) -> Step<()> {
        let mut on_line = |line: &str| self.reporter.activity(line);
        let whole = make_whole(self.stack, &self.lab.profile, &mut on_line).await;
        whole.map(drop).map_err(|error| {
            let reason = format!("the stack cannot be made whole: {error}");
            Outcome::new(Verdict::Unrecovered, reason)
        })
    }
}

async fn run_script(stack: &Stack, file: &Path) -> Step<()> {
    let mut command = bash(stack);
    let path = stack.compose().root.join(file);
    command.args(["-eu", "-o", "pipefail"]).arg(path);
    let named = |reason: String| {
        let file = file.display();
        Outcome::new(Verdict::Invalid, format!("the script {file} {reason}"))
    };
    let output = match timeout(SCRIPT_LASTS, command.output()).await {
        Err(_) => {
            let limit = obsbook_lab::duration::words(SCRIPT_LASTS);
            return Err(named(format!("runs longer than {limit}")));
        }
        Ok(Err(error)) => return Err(named(format!("cannot be run: {error}"))),
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        return Ok(());
    }
    let mut outcome = named(format!("fails: {}", output.status));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let from = lines.len().saturating_sub(TOLD_LINES);
    outcome.seen = lines[from..].to_vec();
    Err(outcome)
}
