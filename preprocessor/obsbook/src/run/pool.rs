//! As many stacks as a run may have, each taking labs from one queue.

use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
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
    let mut workers = Vec::new();
    if jobs > 1
        && let Some(profile) = queue.first_profile()
        // It gets the images as well, so that the others find them. What fails here is told again where labs wait for it.
        && first.boot(profile).await.is_ok()
    {
        let extra = (2..=jobs).map(async |number| {
            let mut worker = Worker::open(environment, number).await.ok()?;
            match worker.boot(profile).await {
                Ok(()) => Some(worker),
                Err(_) => {
                    worker.end().await;
                    None
                }
            }
        });
        workers = join_all(extra).await.into_iter().flatten().collect();
    }
    workers.insert(0, first);
    join_all(
        workers
            .iter_mut()
            .map(|worker| worker.work(tasks, queue, keep)),
    )
    .await;
    join_all(workers.into_iter().map(Worker::end)).await;
    Ok(())
}
