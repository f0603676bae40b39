//! What pages ask for: one thing at a time, in the order in which it was asked for, on a thread that no page can hold up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use obsbook_lab::block::Lab;
use tokio::sync::Notify;

use super::hub::Hub;
use super::outages::Outages;
use super::work::Work;
use crate::book::LoadedBook;
use crate::prepare::Preparation;
use crate::report::{LabView, Output, State};
use crate::run::Interrupt;

/// More than a reader can mean to run.
const WAITING: usize = 20;

/// Why something that a page asks for is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The book has no such lab.
    #[error("there is no lab `{0}`")]
    NoLab(String),
    /// The compose files have no such profile.
    #[error("there is no profile `{0}`")]
    NoProfile(String),
    /// It is one that is begun, judged and given up instead.
    #[error("`{0}` is a challenge: begin it instead")]
    Challenge(String),
    /// It is run instead.
    #[error("`{0}` is no challenge: run it instead")]
    NoChallenge(String),
    /// It waits or is done already.
    #[error("{0} waits or is under way already")]
    Already(String),
    /// Too much waits.
    #[error("{WAITING} things wait already")]
    TooMany,
    /// It neither waits nor is done.
    #[error("{0} neither waits nor is under way")]
    Idle(String),
    /// The server ends.
    #[error("the server is ending")]
    Ending,
}

/// Makes what a run leaves behind: evidence, the run itself, the reader's progress.
pub type Outputs = Box<dyn Fn(&LoadedBook) -> Vec<Box<dyn Output>> + Send + Sync>;

/// The queue and what is at work.
pub struct Runs {
    book: RwLock<Arc<LoadedBook>>,
    pub(super) preparation: Preparation,
    pub(super) outputs: Outputs,
    pub(super) hub: Arc<Hub>,
    pub(super) outages: Arc<Outages>,
    /// Held while the reader's progress is read and shown.
    pub(super) showing: Mutex<()>,
    queue: Mutex<Queue>,
    wake: Notify,
}

#[derive(Default)]
struct Queue {
    now: Option<(Work, Interrupt)>,
    /// What is at work made room for something else, and goes on after it.
    resumes: bool,
    waiting: VecDeque<Work>,
    ending: bool,
}

impl Runs {
    /// Returns the runs of a book, none of which has begun.
    pub fn new(
        book: LoadedBook,
        preparation: Preparation,
        outputs: Outputs,
        hub: Arc<Hub>,
    ) -> Self {
        Self {
            book: RwLock::new(Arc::new(book)),
            preparation,
            outputs,
            hub,
            outages: Arc::default(),
            showing: Mutex::default(),
            queue: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// Returns the book as it was read last.
    pub fn book(&self) -> Arc<LoadedBook> {
        Arc::clone(&self.book.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the book as it is read now; what is at work goes on with the one that it began with.
    pub fn set_book(&self, book: LoadedBook) {
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(book);
    }

    /// Returns how the stack is found.
    pub fn preparation(&self) -> &Preparation {
        &self.preparation
    }

    /// Puts something into the queue.
    ///
    /// # Errors
    /// The book has no such lab or profile, or it cannot be done so, or too much waits.
    pub fn ask(&self, work: Work) -> Result<(), Refused> {
        work.check(&self.book())?;
        let mut queue = self.lock();
        let is_same = |other: &Work| other.lab() == work.lab();
        let is_known = queue.now.as_ref().is_some_and(|(now, _)| is_same(now))
            || queue.waiting.iter().any(is_same);
        if queue.ending {
            return Err(Refused::Ending);
        }
        if is_known {
            return Err(Refused::Already(name(work.lab())));
        }
        if queue.waiting.len() >= WAITING {
            return Err(Refused::TooMany);
        }
        if let Some((now, interrupt)) = &queue.now
            && now.gives_way()
        {
            // One that was stopped before it has ended does not go on.
            let goes_on = queue.resumes || !interrupt.is_set();
            interrupt.set();
            queue.resumes = goes_on && !work.ends_watching();
        }
        if work.ends_watching() {
            for id in queue.forget(Work::gives_way) {
                self.show(&id, State::Idle);
            }
        }
        // Shown before anybody can begin with it.
        self.show_queued(&work);
        queue.waiting.push_back(work);
        drop(queue);
        self.wake.notify_one();
        Ok(())
    }

    /// Ends the work on a lab, or on the stack where `lab` is `None`: what waits does so no longer, what is broken is undone first.
    ///
    /// # Errors
    /// Nothing of it waits or is under way.
    pub fn stop(&self, lab: Option<&str>) -> Result<(), Refused> {
        let mut queue = self.lock();
        if let Some((now, interrupt)) = &queue.now
            && now.lab() == lab
        {
            interrupt.set();
            queue.resumes = false;
            return Ok(());
        }
        let before = queue.waiting.len();
        for id in queue.forget(|waiting| waiting.lab() == lab) {
            self.show(&id, State::Idle);
        }
        if queue.waiting.len() == before {
            return Err(Refused::Idle(name(lab)));
        }
        Ok(())
    }

    /// Takes nothing more, and asks what is at work to end.
    pub fn end(&self) {
        let mut queue = self.lock();
        queue.ending = true;
        queue.waiting.clear();
        if let Some((_, interrupt)) = &queue.now {
            interrupt.set();
        }
        drop(queue);
        self.wake.notify_one();
    }

    /// Works until [`Runs::end`]: what is at work then is undone first.
    pub async fn work(&self) {
        loop {
            match self.next() {
                Next::End => return,
                Next::Wait => self.wake.notified().await,
                Next::Work(work, interrupt) => {
                    self.perform(&work, &interrupt).await;
                    self.end_of(work);
                }
            }
        }
    }

    /// What made room waits its turn again.
    fn end_of(&self, work: Work) {
        let mut queue = self.lock();
        queue.now = None;
        if !std::mem::take(&mut queue.resumes) || queue.ending {
            return;
        }
        self.show_queued(&work);
        queue.waiting.push_back(work);
    }

    fn next(&self) -> Next {
        let mut queue = self.lock();
        if queue.ending {
            return Next::End;
        }
        // To watch has no end of its own, so it comes when nothing else waits.
        let first = queue.waiting.iter().position(|work| !work.gives_way());
        let Some(work) = queue.waiting.remove(first.unwrap_or(0)) else {
            return Next::Wait;
        };
        let interrupt = Interrupt::default();
        queue.now = Some((work.clone(), interrupt.clone()));
        Next::Work(work, interrupt)
    }

    fn show_queued(&self, work: &Work) {
        if let Some(id) = work.lab() {
            self.show(id, State::Queued);
        }
    }

    pub(super) fn show(&self, id: &str, state: State) {
        self.hub.set("lab", id, &LabView::new(id, state));
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Takes out what waits and is so; returns the labs that it was for.
    fn forget(&mut self, is_so: impl Fn(&Work) -> bool) -> Vec<String> {
        let waiting = std::mem::take(&mut self.waiting);
        let (out, kept): (VecDeque<_>, VecDeque<_>) = waiting.into_iter().partition(is_so);
        self.waiting = kept;
        out.iter()
            .filter_map(|work| work.lab().map(str::to_owned))
            .collect()
    }
}

enum Next {
    End,
    Wait,
    Work(Work, Interrupt),
}

fn name(lab: Option<&str>) -> String {
    lab.map_or_else(|| "work on the stack".to_owned(), |lab| format!("`{lab}`"))
}

/// Returns the lab of this id.
pub(super) fn find<'b>(book: &'b LoadedBook, id: &str) -> Result<&'b Lab, Refused> {
    let mut labs = book.book.labs();
    labs.find(|lab| lab.id == id)
        .ok_or_else(|| Refused::NoLab(id.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn runs() -> Runs {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/books/good");
        let book = LoadedBook::load(&root).expect("a book");
        let outputs: Outputs = Box::new(|_| Vec::new());
        Runs::new(book, Preparation::default(), outputs, Arc::default())
    }

    fn watch(lab: &str) -> Work {
        Work::Watch(format!("target-{lab}"))
    }

    fn run(lab: &str) -> Work {
        Work::Run(format!("target-{lab}"))
    }

    fn begun(runs: &Runs) -> Option<Work> {
        match runs.next() {
            Next::Work(work, _) => Some(work),
            Next::Wait | Next::End => None,
        }
    }

    fn is_idle(runs: &Runs, lab: &str) -> bool {
        let id = format!("\"id\":\"target-{lab}\",\"state\":\"idle\"");
        let known = runs.hub.since(0);
        known.iter().any(|change| change.json.contains(&id))
    }

    #[test]
    fn what_is_watched_makes_room_for_everything_that_waits_and_goes_on_after_it() {
        let runs = runs();
        runs.ask(watch("killed")).expect("asked");
        assert_eq!(begun(&runs), Some(watch("killed")));
        runs.ask(run("paused")).expect("asked");
        runs.end_of(watch("killed"));
        assert_eq!(begun(&runs), Some(run("paused")));
        runs.ask(run("up")).expect("asked");
        runs.end_of(run("paused"));
        assert_eq!(begun(&runs), Some(run("up")));
        runs.end_of(run("up"));
        assert_eq!(begun(&runs), Some(watch("killed")));
    }

    #[test]
    fn one_lab_is_watched_at_a_time() {
        let runs = runs();
        runs.ask(watch("killed")).expect("asked");
        assert_eq!(begun(&runs), Some(watch("killed")));
        runs.ask(run("paused")).expect("asked");
        runs.end_of(watch("killed"));
        assert_eq!(begun(&runs), Some(run("paused")));
        runs.ask(watch("up")).expect("asked");
        assert!(is_idle(&runs, "killed"));
        runs.end_of(run("paused"));
        assert_eq!(begun(&runs), Some(watch("up")));
        runs.ask(watch("killed")).expect("asked");
        runs.end_of(watch("up"));
        assert_eq!(begun(&runs), Some(watch("killed")));
        runs.end_of(watch("killed"));
        assert_eq!(begun(&runs), None);
    }

    #[test]
    fn what_was_stopped_or_has_no_stack_any_more_is_not_watched_again() {
        for other in [None, Some(Work::Down)] {
            let runs = runs();
            runs.ask(watch("killed")).expect("asked");
            assert_eq!(begun(&runs), Some(watch("killed")));
            match &other {
                None => runs.stop(Some("target-killed")).expect("stopped"),
                Some(other) => runs.ask(other.clone()).expect("asked"),
            }
            runs.ask(run("paused")).expect("asked");
            runs.end_of(watch("killed"));
            let rest: Vec<_> = std::iter::from_fn(|| {
                let work = begun(&runs)?;
                runs.end_of(work.clone());
                Some(work)
            })
            .collect();
            let expected: Vec<_> = other.into_iter().chain([run("paused")]).collect();
            assert_eq!(rest, expected);
        }
    }
}
