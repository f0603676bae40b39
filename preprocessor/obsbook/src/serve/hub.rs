//! What every open page is to show, kept whole: a page reads what has changed since it looked last, however long ago that was.
//!
//! There is no queue for a page. One that is slow skips what was overtaken, one that has gone costs nothing, and a run waits for neither.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

/// One thing that pages show, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is: `server`, `lab`, `progress`.
    pub kind: &'static str,
    /// Its JSON.
    pub json: Arc<str>,
    /// Everything that changed later has a higher one.
    pub version: u64,
}

/// The state of all pages.
#[derive(Debug)]
pub struct Hub {
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    version: u64,
    /// By kind and id; each with the version in which it changed last.
    known: BTreeMap<(&'static str, String), (u64, Arc<str>)>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            inner: Mutex::default(),
            changed: watch::channel(0).0,
        }
    }
}

impl Hub {
    /// Keeps what `kind` and `id` now are; the same as before is no change.
    pub fn set(&self, kind: &'static str, id: &str, value: &impl Serialize) {
        let json: Arc<str> = serde_json::to_string(value).unwrap_or_default().into();
        let version = {
            let mut inner = self.lock();
            let key = (kind, id.to_owned());
            if inner
                .known
                .get(&key)
                .is_some_and(|(_, known)| *known == json)
            {
                return;
            }
            inner.version += 1;
            let version = inner.version;
            inner.known.insert(key, (version, json));
            version
        };
        self.changed.send_replace(version);
    }

    /// Returns what has changed after `version`, in the order of its changes. Everything is newer than 0.
    pub fn since(&self, version: u64) -> Vec<Change> {
        let inner = self.lock();
        let known = inner.known.iter();
        let newer = known.filter(|(_, (changed, _))| *changed > version);
        let mut changes: Vec<_> = newer
            .map(|((kind, _), (version, json))| Change {
                kind,
                json: Arc::clone(json),
                version: *version,
            })
            .collect();
        changes.sort_by_key(|change| change.version);
        changes
    }

    /// Returns a receiver that is told each version.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Returns how many pages are looking.
    pub fn pages(&self) -> usize {
        self.changed.receiver_count()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .map(|change| format!("{} {}", change.kind, change.json))
            .collect()
    }

    #[test]
    fn a_page_reads_what_has_changed_since_it_looked() {
        let hub = Hub::default();
        hub.set("lab", "a", &1);
        hub.set("lab", "b", &2);
        let first = hub.since(0);
        assert_eq!(words(&first), ["lab 1", "lab 2"]);
        hub.set("lab", "a", &3);
        hub.set("lab", "a", &4);
        let second = hub.since(first[1].version);
        assert_eq!(words(&second), ["lab 4"]);
        assert_eq!(hub.since(second[0].version), []);
    }

    #[test]
    fn what_stays_the_same_wakes_nobody() {
        let hub = Hub::default();
        hub.set("server", "", &"x");
        let mut receiver = hub.subscribe();
        receiver.mark_unchanged();
        hub.set("server", "", &"x");
        assert!(!receiver.has_changed().expect("the hub lives"));
        hub.set("server", "", &"y");
        assert!(receiver.has_changed().expect("the hub lives"));
    }
}
