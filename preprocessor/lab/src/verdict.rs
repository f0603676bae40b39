//! How a lab ended, and what the whole run's exit status is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a lab ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every expectation came true after the fault, and the steady state returned.
    Passed,
    /// An expectation did not come true in time.
    Failed,
    /// An expectation was true before the fault, so it proves nothing.
    Vacuous,
    /// The steady state did not hold before the fault: the environment is at fault, not the lesson.
    Unsteady,
    /// The fault was undone, but the stack did not return to its steady state.
    Unrecovered,
    /// The block, or a query in it, is wrong.
    Invalid,
    /// An exercise still as it was handed out.
    Unsolved,
    /// Left out by the selection.
    Skipped,
}

impl Verdict {
    /// Every verdict, in the order of DESIGN.
    pub const ALL: [Self; 8] = [
        Self::Passed,
        Self::Failed,
        Self::Vacuous,
        Self::Unsteady,
        Self::Unrecovered,
        Self::Invalid,
        Self::Unsolved,
        Self::Skipped,
    ];

    /// Returns the word that people and machines read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Vacuous => "vacuous",
            Self::Unsteady => "unsteady",
            Self::Unrecovered => "unrecovered",
            Self::Invalid => "invalid",
            Self::Unsolved => "unsolved",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The process's exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: nothing went wrong.
    Success,
    /// 1: a lab failed, proved nothing, or did not recover.
    Failed,
    /// 2: wrong usage, an invalid block, or a selector that matches nothing.
    Invalid,
    /// 3: the environment could not serve.
    Environment,
    /// 130: interrupted; everything was undone first.
    Interrupted,
}

impl ExitStatus {
    /// Returns the number that the process exits with.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Invalid => 2,
            Self::Environment => 3,
            Self::Interrupted => 130,
        }
    }

    /// Returns the status of this number, if it is one of ours.
    pub fn of(code: u8) -> Option<Self> {
        [
            Self::Success,
            Self::Failed,
            Self::Invalid,
            Self::Environment,
            Self::Interrupted,
        ]
        .into_iter()
        .find(|status| status.code() == code)
    }

    /// Returns the more pressing of two: 130, then 2, 1, 3, 0.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let rank = |status: Self| match status {
            Self::Success => 0,
            Self::Environment => 1,
            Self::Failed => 2,
            Self::Invalid => 3,
            Self::Interrupted => 4,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

impl From<Verdict> for ExitStatus {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Passed | Verdict::Unsolved | Verdict::Skipped => Self::Success,
            Verdict::Failed | Verdict::Vacuous | Verdict::Unrecovered => Self::Failed,
            Verdict::Invalid => Self::Invalid,
            Verdict::Unsteady => Self::Environment,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_pressing_status_wins() {
        use ExitStatus::{Environment, Failed, Interrupted, Invalid, Success};
        for (all, expected) in [
            (vec![Success, Environment], 3),
            (vec![Environment, Failed], 1),
            (vec![Failed, Invalid, Environment], 2),
            (vec![Invalid, Interrupted], 130),
            (vec![], 0),
        ] {
            let status = all.iter().fold(Success, |a, b| a.and(*b));
            assert_eq!(status.code(), expected, "{all:?}");
        }
    }
}
