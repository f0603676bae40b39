//! One stack that takes labs from the queue until none is left.

use futures_util::future::join_all;
use jiff::SignedDuration;

use super::queue::Queue;
use super::suite::Environment;
use super::task::{LabResult, Task};
use crate::prepare::{self, Preparation, Ready};
use crate::stack::{Booted, Entry, Options, recover};

/// So many queries of the prose are asked at the same time.
const TOGETHER: usize = 8;

/// A stack at work.
pub(super) struct Worker<'a> {
    environment: &'a Environment<'a>,
    preparation: Preparation,
    ready: Ready,
    profile: Option<Profile>,
    /// Whether the stack is there for this run only.
    is_extra: bool,
}

struct Profile {
    name: String,
    booted: Booted,
    clock_offset: SignedDuration,
}

/// Why a worker has no stack: the reason in words, which has been told.
pub(super) type NoStack = String;

impl<'a> Worker<'a> {
    /// Returns the worker on the run's own stack (`number` 1) or on one beside it.
    pub(super) async fn open(
        environment: &'a Environment<'a>,
        number: usize,
    ) -> Result<Self, NoStack> {
        let mut preparation = environment.preparation.clone();
        if number > 1 {
            let project = environment.preparation.project(environment.book);
            preparation.options = Options {
                project: Some(prepare::job_project(&project, number)),
                dynamic_ports: true,
            };
        }
        let opened = prepare::open(&preparation, environment.book, environment.reporter);
        let ready = unless_interrupted(environment, opened).await?;
        Ok(Self {
            environment,
            preparation,
            ready,
            profile: None,
            is_extra: number > 1,
        })
    }

    /// Brings a profile up, unless it is the one that this stack has.
    pub(super) async fn boot(&mut self, profile: &str) -> Result<(), NoStack> {
        if self.profile.as_ref().is_some_and(|now| now.name == profile) {
            return Ok(());
        }
        self.profile = None;
        let Environment { book, reporter, .. } = self.environment;
        let boot = prepare::boot(&self.preparation, book, &mut self.ready, profile, reporter);
        let booted = unless_interrupted(self.environment, boot).await?;
        let offset = self.ready.stack.engine().clock_offset().await;
        self.profile = Some(Profile {
            name: profile.to_owned(),
            booted,
            clock_offset: offset.unwrap_or_default(),
        });
        Ok(())
    }

    /// Runs labs until none waits. `done` is called after each.
    pub(super) async fn work(
        &mut self,
        tasks: &[Task<'_>],
        queue: &Queue<'_>,
        done: &(dyn Fn(usize, LabResult) + Sync),
    ) {
        loop {
            let now = self.profile.as_ref().map(|profile| profile.name.clone());
            let Some((index, profile)) = queue.next(now.as_deref().unwrap_or_default()) else {
                return;
            };
            if self.environment.interrupt.is_set() {
                let reason = "interrupted before it began";
                done(index, tasks[index].not_run(self.environment, reason));
                continue;
            }
            if let Err(reason) = self.boot(profile).await {
                if self.is_extra {
                    queue.give_back(index, profile);
                    return;
                }
                done(index, tasks[index].not_run(self.environment, &reason));
                for index in queue.drain(profile) {
                    done(index, tasks[index].not_run(self.environment, &reason));
                }
                continue;
            }
            self.undo_leftovers().await;
            let mut together = vec![index];
            // Queries wait for samples and disturb nobody.
            while tasks[index].only_asks() && together.len() < TOGETHER {
                match queue.next_if(profile, |next| tasks[next].only_asks()) {
                    Some(next) => together.push(next),
                    None => break,
                }
            }
            if let Some(profile) = &self.profile {
                let runs = together.into_iter().map(async |index| {
                    let run = tasks[index].run(
                        self.environment,
                        &self.ready,
                        &profile.booted,
                        profile.clock_offset,
                    );
                    done(index, run.await);
                });
                join_all(runs).await;
            }
        }
    }

    /// Tries again what an earlier lab could not undo, since the engine may be back; what is still left is told by the lab that follows.
    async fn undo_leftovers(&mut self) {
        let reporter = self.environment.reporter;
        let journal = self.ready.journal.get_mut();
        let journal = journal.unwrap_or_else(std::sync::PoisonError::into_inner);
        let owed = |entry: &Entry| !entry.by_hand;
        if !journal.entries().iter().any(owed) {
            return;
        }
        let recovery = recover(&self.ready.stack, journal, owed).await;
        prepare::tell_recovered(reporter, &recovery.all);
        if let Err(error) = recovery.kept {
            reporter.progress(&error.to_string());
        }
    }

    /// Ends the worker; a stack that was there for this run only is taken down.
    pub(super) async fn end(self) {
        if !self.is_extra {
            return;
        }
        let reporter = self.environment.reporter;
        let stack = &self.ready.stack;
        let mut on_line = |line: &str| reporter.activity(line);
        match stack.compose().down(true, &mut on_line).await {
            Ok(stays) => {
                stays.iter().for_each(|stays| reporter.progress(stays));
                stack.forget_ports();
            }
            Err(error) => {
                let project = self.ready.stack.project();
                reporter.progress(&format!("stack {project} is still up: {error}"));
                reporter.progress(&format!("  = help: obsbook down --volumes -p {project}"));
            }
        }
    }
}

async fn unless_interrupted<T>(
    environment: &Environment<'_>,
    work: impl Future<Output = Result<T, prepare::PrepareError>>,
) -> Result<T, NoStack> {
    match environment.interrupt.unless(work).await {
        None => Err("interrupted before it began".to_owned()),
        Some(Err(error)) => Err(prepare::tell(environment.reporter, &error)),
        Some(Ok(done)) => Ok(done),
    }
}
