//! What pages can ask to be done, and doing it.

use std::sync::PoisonError;

use obsbook_lab::block::{Kind, Lab};

use super::output::HubOutput;
use super::runs::{Refused, Runs, find};
use crate::book::LoadedBook;
use crate::prepare::{self, PrepareError};
use crate::report::{LabView, Progress, ProgressView, Reporter, State};
use crate::run::{Environment, Interrupt, Outcome, challenge, run, watch_conditions};
use crate::stack::{LockError, Stack};

/// How often a stack that somebody else works on is looked at.
const LOCKED_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// Something that a page asks for. A page names labs and profiles of the book, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Run a lab.
    Run(String),
    /// Look at a lab's conditions until somebody says stop.
    Watch(String),
    /// Break the stack as a challenge says.
    Begin(String),
    /// Judge whether a challenge is mended.
    Judge(String),
    /// Mend a challenge.
    GiveUp(String),
    /// Bring a profile up.
    Up(String),
    /// Take the stack down.
    Down,
    /// Undo whatever can be found.
    Reset,
}

impl Work {
    /// Returns whose work it is: a lab's id, or `None` for the stack.
    pub fn lab(&self) -> Option<&str> {
        match self {
            Self::Run(id)
            | Self::Watch(id)
            | Self::Begin(id)
            | Self::Judge(id)
            | Self::GiveUp(id) => Some(id),
            Self::Up(_) | Self::Down | Self::Reset => None,
        }
    }

    /// Returns whether it makes room for whoever wants something else.
    pub(super) fn gives_way(&self) -> bool {
        matches!(self, Self::Watch(_))
    }

    /// Returns whether what is watched is watched no longer, rather than later: a reader looks at one lab, and where the stack is
    /// taken down there is nothing to see.
    pub(super) fn ends_watching(&self) -> bool {
        matches!(self, Self::Watch(_) | Self::Down)
    }

    /// What a page is told while it lasts.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Run(_) => "running a lab",
            Self::Watch(_) => "watching",
            Self::Begin(_) => "breaking something",
            Self::Judge(_) => "judging",
            Self::GiveUp(_) => "mending",
            Self::Up(_) => "starting",
            Self::Down => "stopping",
            Self::Reset => "undoing whatever can be found",
        }
    }

    /// Returns why it cannot be done with this book, if so.
    pub(super) fn check(&self, book: &LoadedBook) -> Result<(), Refused> {
        if let Self::Up(profile) = self {
            let known = book.around.model.as_ref().map(|model| model.profiles());
            let is_known = known.is_some_and(|known| known.contains(profile.as_str()));
            return if is_known {
                Ok(())
            } else {
                Err(Refused::NoProfile(profile.clone()))
            };
        }
        let Some(id) = self.lab() else {
            return Ok(());
        };
        let kind = find(book, id)?.kind;
        match self {
            Self::Run(_) if kind == Kind::Challenge => Err(Refused::Challenge(id.to_owned())),
            Self::Begin(_) | Self::Judge(_) | Self::GiveUp(_) if kind != Kind::Challenge => {
                Err(Refused::NoChallenge(id.to_owned()))
            }
            _ => Ok(()),
        }
    }
}

impl Runs {
    pub(super) async fn perform(&self, work: &Work, interrupt: &Interrupt) {
        let book = self.book();
        match work.lab() {
            None => self.on_stack(work, &book, interrupt).await,
            Some(id) => match find(&book, id) {
                Ok(lab) => self.on_lab(work, &book, lab, interrupt).await,
                Err(_) => self.show(id, State::Idle),
            },
        }
    }

    async fn on_lab(&self, work: &Work, book: &LoadedBook, lab: &Lab, interrupt: &Interrupt) {
        let first = if work.gives_way() {
            State::Watching
        } else {
            State::Preparing
        };
        let mut outputs: Vec<Box<dyn crate::report::Output>> = vec![Box::new(HubOutput::new(
            &self.hub,
            &self.outages,
            lab,
            first,
        ))];
        if matches!(work, Work::Run(_) | Work::Judge(_)) {
            outputs.extend((self.outputs)(book));
        }
        let reporter = Reporter::new(outputs);
        let environment = Environment {
            book,
            preparation: &self.preparation,
            reporter: &reporter,
            interrupt,
            jobs: 1,
        };
        if matches!(work, Work::Watch(_)) {
            return match watch_conditions(&environment, lab).await {
                Ok(()) => self.show(&lab.id, State::Idle),
                Err(error) => self.trouble(lab, &error),
            };
        }
        if interrupt.unless(self.free(&lab.id, book)).await.is_none() {
            return self.show(&lab.id, State::Idle);
        }
        match work {
            Work::Begin(_) => {
                let begun = challenge::start(&environment, lab).await;
                self.begun(book, lab, begun);
            }
            Work::Judge(_) => {
                if let Err(error) = challenge::judge(&environment, lab).await {
                    self.trouble(lab, &error);
                }
            }
            Work::GiveUp(_) => match challenge::give_up(&environment, lab).await {
                Ok(()) => {
                    let now = jiff::Timestamp::now();
                    self.keep(book, lab, |steps| steps.gave_up = Some(now));
                    self.show(&lab.id, State::Idle);
                }
                Err(error) => self.trouble(lab, &error),
            },
            _ => {
                run(&environment, &[lab]).await;
            }
        }
        self.show_progress(book);
    }

    fn begun(&self, book: &LoadedBook, lab: &Lab, begun: Result<Outcome, PrepareError>) {
        let outcome = match begun {
            Ok(outcome) => outcome,
            Err(error) => return self.trouble(lab, &error),
        };
        let mut view = LabView::new(&lab.id, State::Idle);
        if outcome.verdict == obsbook_lab::verdict::Verdict::Passed {
            let now = jiff::Timestamp::now();
            self.keep(book, lab, |steps| steps.started = Some(now));
        } else {
            view.verdict = Some(outcome.verdict);
            view.reason = outcome.reason;
            view.seen = outcome.seen;
            view.state = State::Ended;
        }
        self.hub.set("lab", &lab.id, &view);
    }

    fn trouble(&self, lab: &Lab, error: &PrepareError) {
        let mut view = LabView::new(&lab.id, State::Idle);
        view.activity = Some(error.to_string());
        view.seen.extend(error.hint());
        self.hub.set("lab", &lab.id, &view);
    }

    fn keep(&self, book: &LoadedBook, lab: &Lab, change: impl FnOnce(&mut crate::report::Steps)) {
        // What cannot be kept is read again, and seen to be missing.
        let _ = Progress::change(&book.root, &lab.id, change);
        self.show_progress(book);
    }

    /// Shows pages how far the reader has come.
    pub(super) fn show_progress(&self, book: &LoadedBook) {
        // What was read before somebody else's change is not shown after it.
        let _showing = self.showing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(progress) = Progress::read(&book.root) {
            let view = ProgressView::new(&progress, &book.book);
            self.hub.set("progress", "", &view);
        }
    }

    async fn on_stack(&self, work: &Work, book: &LoadedBook, interrupt: &Interrupt) {
        let output = super::output::StackOutput::new(&self.hub, work.words());
        let reporter = Reporter::new(vec![Box::new(output)]);
        let done = async {
            match work {
                Work::Up(profile) => {
                    let mut ready = prepare::open(&self.preparation, book, &reporter).await?;
                    prepare::boot(&self.preparation, book, &mut ready, profile, &reporter)
                        .await
                        .map(drop)
                }
                Work::Down => prepare::down(&self.preparation, book, &reporter, false).await,
                _ => prepare::reset(&self.preparation, book, &reporter).await,
            }
        };
        match interrupt.unless(done).await {
            Some(Err(error)) => {
                prepare::tell(&reporter, &error);
            }
            _ => super::output::StackOutput::end(&self.hub),
        }
    }

    /// Returns once nobody else works on the stack.
    async fn free(&self, id: &str, book: &LoadedBook) {
        // What keeps the stack from being found is told by the run itself.
        let Ok(mut stack) = Stack::open(book, &self.preparation.options).await else {
            return;
        };
        while let Err(LockError::Taken { holder }) = stack.lock(&mut |_| {}).await {
            let mut view = LabView::new(id, State::Queued);
            let process = holder
                .map(|holder| format!(" (process {holder})"))
                .unwrap_or_default();
            view.activity = Some(format!("another obsbook{process} works on this stack"));
            self.hub.set("lab", id, &view);
            tokio::time::sleep(LOCKED_PAUSE).await;
        }
    }
}
