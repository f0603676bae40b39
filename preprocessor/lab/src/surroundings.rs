//! What the names in blocks are checked against.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::block::Scenario;
use crate::compose::ComposeModel;
use crate::dashboard::Dashboards;

/// Everything beside the blocks that a book's labs refer to.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// The compose model; `None` when it could not be read, so that nothing is said about its names.
    pub model: Option<ComposeModel>,
    /// The provisioned dashboards.
    pub dashboards: Dashboards,
    /// The scenarios, by name.
    pub scenarios: BTreeMap<String, Scenario>,
    /// The files that labs may name, relative to the book's root; `None` when nobody looked.
    pub files: Option<BTreeSet<PathBuf>>,
    /// The profile of a lab that names none.
    pub profile: String,
}
