//! One line of what `obsbook doctor` found.

use serde::Serialize;

/// What was looked at, and whether it is as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub subject: String,
    /// Whether it is as it should be.
    pub fine: bool,
    /// What was found.
    pub found: String,
    /// The next command to type, or what to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// Returns a finding that is as it should be.
    pub fn fine(subject: &str, found: impl Into<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            fine: true,
            found: found.into(),
            help: None,
        }
    }

    /// Returns a finding that is not.
    pub fn bad(subject: &str, found: &dyn std::fmt::Display, help: Option<String>) -> Self {
        Self {
            subject: subject.to_owned(),
            fine: false,
            found: found.to_string(),
            help,
        }
    }
}
