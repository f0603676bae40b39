//! As many stacks as a run may have, each taking labs from one queue.

use std::sync::{Mutex, PoisonError};

use futures_util::future::{join, join_all};
use obsbook_lab::verdict::ExitStatus;

use super::queue::Queue;
use super::suite::Environment;
use super::task::{LabResult, Task};
use super::worker::Worker;

/// Runs `tasks` and returns how they ended, in their order. What keeps the stack from coming up is told, and its labs are `unsteady` then.
///
/// `done` is called after each one, with its place among the tasks.
pub(super) async fn run_all(
    environment: &Environment<'_>,
    tasks: &[Task<'_>],
    done: &(dyn Fn(usize, &LabResult) + Sync),
) -> (Vec<LabResult>, ExitStatus) {
    let results: Mutex<Vec<Option<LabResult>>> = Mutex::new(vec![None; tasks.len()]);
    let keep = |index: usize, result: LabResult| {
        done(index, &result);
        results.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(result);
    };
    let queue = Queue::new(tasks);
    if let Err(reason) = work(environment, tasks, &queue, &keep).await {
        for (index, task) in tasks.iter().enumerate() {
            keep(index, task.not_run(environment, &reason));
        }
    }
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let results: Vec<_> = results.into_iter().flatten().collect();
    let status = results.iter().fold(ExitStatus::Success, |status, result| {
        status.and(result.outcome.verdict.into())
    });
    (results, status)
}

/// Nothing has been run when this is an error.
async fn work(
    environment: &Environment<'_>,
    tasks: &[Task<'_>],
    queue: &Queue<'_>,
    keep: &(dyn Fn(usize, LabResult) + Sync),
) -> Result<(), String> {
    let mut first = Worker::open(environment, 1).await?;
    let jobs = environment.jobs.clamp(1, tasks.len().max(1));
    let mut beside = 1;
    if jobs > 1
        && let Some(profile) = queue.first_profile()
        // It gets the images as well, so that the others find them. What fails here is told again where labs wait for it.
        && first.boot(profile).await.is_ok()
    {
        beside = jobs;
    }
    // The others come up while the first one works.
    let extra = (2..=beside).map(async |number| {
        let Ok(mut worker) = Worker::open(environment, number).await else {
            return;
        };
        // No lab waits for a stack that may not come up.
        let profile = queue.first_profile().unwrap_or_default();
        if worker.boot(profile).await.is_ok() {
            worker.work(tasks, queue, keep).await;
        }
        worker.end().await;
    });
    join(first.work(tasks, queue, keep), join_all(extra)).await;
    // A stack that failed between two profiles gave its lab back.
    first.work(tasks, queue, keep).await;
    first.end().await;
    Ok(())
}
