//! The labs that wait, for as many stacks as take them.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use obsbook_lab::plan::stages;

use super::task::Task;

/// Labs by profile, so that a stack boots a profile once and stays with it while there is work.
#[derive(Debug)]
pub(super) struct Queue<'t> {
    stages: Mutex<Vec<Stage<'t>>>,
}

#[derive(Debug)]
struct Stage<'t> {
    profile: &'t str,
    waiting: VecDeque<usize>,
}

impl<'t> Queue<'t> {
    pub(super) fn new(tasks: &'t [Task<'t>]) -> Self {
        let planned = stages(tasks.iter().map(|task| task.lab));
        let stages = planned.into_iter().map(|stage| Stage {
            profile: stage.profile,
            waiting: stage.labs.into(),
        });
        Self {
            stages: Mutex::new(stages.collect()),
        }
    }

    /// Returns the profile that comes first.
    pub(super) fn first_profile(&self) -> Option<&'t str> {
        self.with(|stages| stages.first().map(|stage| stage.profile))
    }

    /// Takes the next lab: of `profile` while it has one, else of the first profile that has.
    pub(super) fn next(&self, profile: &str) -> Option<(usize, &'t str)> {
        self.with(|stages| {
            let own = stages
                .iter()
                .position(|stage| stage.profile == profile && !stage.waiting.is_empty());
            let any = || stages.iter().position(|stage| !stage.waiting.is_empty());
            let stage = own.or_else(any)?;
            let stage = &mut stages[stage];
            Some((stage.waiting.pop_front()?, stage.profile))
        })
    }

    /// Takes what comes next of `profile`, if it is as `wanted`.
    pub(super) fn next_if(&self, profile: &str, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        self.with(|stages| {
            let stage = stages.iter_mut().find(|stage| stage.profile == profile)?;
            let is_wanted = stage.waiting.front().is_some_and(|index| wanted(*index));
            is_wanted.then(|| stage.waiting.pop_front())?
        })
    }

    /// Puts a lab back to the front of its profile.
    pub(super) fn give_back(&self, index: usize, profile: &str) {
        self.with(|stages| {
            let stage = stages.iter_mut().find(|stage| stage.profile == profile);
            if let Some(stage) = stage {
                stage.waiting.push_front(index);
            }
        });
    }

    /// Takes all labs of a profile.
    pub(super) fn drain(&self, profile: &str) -> Vec<usize> {
        self.with(|stages| {
            let stage = stages.iter_mut().find(|stage| stage.profile == profile);
            stage.map_or(Vec::new(), |stage| stage.waiting.drain(..).collect())
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Vec<Stage<'t>>) -> T) -> T {
        work(&mut self.stages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use obsbook_lab::block::Lab;

    #[test]
    fn a_stack_stays_with_its_profile_while_there_is_work_and_nothing_is_taken_twice() {
        let labs: Vec<Lab> = ["core", "core", "tracing", "core", "tracing"]
            .map(super::super::fakes::lab_in)
            .into();
        let tasks: Vec<_> = labs.iter().map(Task::plain).collect();
        let queue = Queue::new(&tasks);
        assert_eq!(queue.first_profile(), Some("core"));
        assert_eq!(queue.next("tracing"), Some((2, "tracing")));
        assert_eq!(queue.next(""), Some((0, "core")));
        assert_eq!(queue.next("core"), Some((1, "core")));
        queue.give_back(1, "core");
        assert_eq!(queue.next("core"), Some((1, "core")));
        assert_eq!(queue.next_if("tracing", |index| index != 4), None);
        assert_eq!(queue.next_if("core", |index| index == 3), Some(3));
        queue.give_back(3, "core");
        assert_eq!(queue.drain("tracing"), [4]);
        assert_eq!(queue.next("tracing"), Some((3, "core")));
        assert_eq!(queue.next("core"), None);
    }
}
