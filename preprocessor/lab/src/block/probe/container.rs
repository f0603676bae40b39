//! `container: service`.

use std::fmt;

use super::kinds::Probe;
use crate::block::decode::Decoder;
use crate::block::grammar::Form;
use crate::comparison::Comparison;
use crate::span::Spanned;
use crate::suggest;
use crate::yaml::Node;

/// What is expected of a container.
#[derive(Debug, Clone, PartialEq)]
pub enum ContainerExpectation {
    /// It is in this state.
    Is(ContainerState),
    /// It is in any other state.
    IsNot(ContainerState),
    /// How often the restart policy brought it back since the steady state held.
    Restarts(Comparison),
    /// The memory that its processes hold, in MiB.
    Memory(Comparison),
}

/// The states that people ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    /// It runs and its health check passes.
    Healthy,
    /// It runs and its health check fails.
    Unhealthy,
    /// It runs, whatever its health check says.
    Running,
    /// It is frozen.
    Paused,
    /// It waits for the restart policy.
    Restarting,
    /// It ended.
    Exited,
}

const STATES: [(&str, ContainerState); 6] = [
    ("healthy", ContainerState::Healthy),
    ("unhealthy", ContainerState::Unhealthy),
    ("running", ContainerState::Running),
    ("paused", ContainerState::Paused),
    ("restarting", ContainerState::Restarting),
    ("exited", ContainerState::Exited),
];

const RESTARTS: &str = "restarts";
const MEMORY: &str = "memory";
const MIB: &str = "MiB";

pub(super) const FORMS: [Form; 3] = [
    Form::NotWords(states),
    Form::Counted(RESTARTS),
    Form::Measured(MEMORY, MIB),
];

fn states() -> Vec<&'static str> {
    STATES.iter().map(|(word, _)| *word).collect()
}

impl fmt::Display for ContainerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = STATES.iter().find(|(_, state)| state == self);
        f.write_str(found.map_or("", |(word, _)| word))
    }
}

impl Decoder<'_> {
    pub(super) fn container(
        &mut self,
        subject: &Node,
        is: Option<Spanned<String>>,
    ) -> Option<Probe> {
        let service = self.service(subject);
        let is = is?;
        let words = is.value.as_str();
        let expectation = if let Some(rest) = words.strip_prefix(RESTARTS) {
            ContainerExpectation::Restarts(self.comparison(rest, &is)?)
        } else if let Some(rest) = words.strip_prefix(MEMORY) {
            let mib = rest.trim().trim_end_matches(MIB);
            ContainerExpectation::Memory(self.comparison(mib, &is)?)
        } else {
            let (negated, word) = match words.strip_prefix("not ") {
                Some(rest) => (true, rest.trim()),
                None => (false, words),
            };
            let Some((_, state)) = STATES.iter().find(|(name, _)| *name == word) else {
                let known = states()
                    .into_iter()
                    .chain(["restarts >= 1", "memory > 64 MiB"]);
                let message = format!("unknown container state `{word}`");
                self.report(&is.span, message, suggest::hint(word, known));
                return None;
            };
            if negated {
                ContainerExpectation::IsNot(*state)
            } else {
                ContainerExpectation::Is(*state)
            }
        };
        Some(Probe::Container {
            service: service?,
            expectation,
        })
    }
}
