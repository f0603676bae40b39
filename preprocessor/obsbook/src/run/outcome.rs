//! How a lab ended.

use obsbook_lab::verdict::Verdict;

/// How a lab ended, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// How.
    pub verdict: Verdict,
    /// Why, unless it passed.
    pub reason: Option<String>,
    /// What was seen instead, a line each.
    pub seen: Vec<String>,
}

impl Outcome {
    pub(super) fn passed() -> Self {
        Self {
            verdict: Verdict::Passed,
            reason: None,
            seen: Vec::new(),
        }
    }

    pub(super) fn new(verdict: Verdict, reason: impl Into<String>) -> Self {
        Self {
            verdict,
            reason: Some(reason.into()),
            seen: Vec::new(),
        }
    }

    pub(super) fn interrupted() -> Self {
        Self::new(Verdict::Unsteady, "interrupted")
    }
}

/// `Err` carries the outcome that ends the lab early.
pub(super) type Step<T> = Result<T, Outcome>;
