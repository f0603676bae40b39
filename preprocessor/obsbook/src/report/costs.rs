//! What each profile was measured to cost: the file that `tests/measure` writes beside the compose file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// What one profile costs with the default traffic.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Cost {
    /// Memory of all containers, in MiB, without file caches.
    pub resident_mib: u64,
    /// Processor time, in cores.
    pub cores: f64,
    /// The day of the measurement.
    pub measured: String,
}

/// Returns the costs by profile that the folder of the compose file has; none where nothing was measured.
pub fn costs(folder: &Path) -> BTreeMap<String, Cost> {
    let text = std::fs::read_to_string(folder.join("costs.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} MiB resident and {} cores when it was measured, {}",
            self.resident_mib, self.cores, self.measured
        )
    }
}
