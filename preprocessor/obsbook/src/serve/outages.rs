//! When something was broken, for the time axes of panels: by a lab, or by hand.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use obsbook_lab::chart::Outage;

/// More than fit into what a panel looks back on.
const KEPT: usize = 20;

/// The outages that are known.
#[derive(Debug, Default)]
pub(super) struct Outages {
    known: Mutex<Vec<Known>>,
}

#[derive(Debug)]
struct Known {
    outage: Outage,
    by_hand: bool,
}

impl Outages {
    /// Takes note that a lab has put a fault in place.
    pub(super) fn begin(&self, words: &str, at: Timestamp) {
        self.add(words, at, false);
    }

    /// Takes note that a lab's fault is gone.
    pub(super) fn end(&self, words: &str, at: Timestamp) {
        let mut known = self.lock();
        let mut lasting = known
            .iter_mut()
            .rev()
            .filter(|known| known.outage.until.is_none());
        if let Some(known) = lasting.find(|known| known.outage.words == words) {
            known.outage.until = Some(at);
        }
    }

    /// Takes note that a lab has ended: whatever it broke is mended.
    pub(super) fn lab_ended(&self, at: Timestamp) {
        for known in self.lock().iter_mut().filter(|known| !known.by_hand) {
            known.outage.until.get_or_insert(at);
        }
    }

    /// Takes note of what somebody has broken by hand that is in place at `now`.
    pub(super) fn by_hand(&self, words: &BTreeSet<String>, now: Timestamp) {
        for known in self.lock().iter_mut() {
            if known.by_hand && known.outage.until.is_none() && !words.contains(&known.outage.words)
            {
                known.outage.until = Some(now);
            }
        }
        for words in words {
            let lasts =
                |known: &Known| known.outage.until.is_none() && known.outage.words == *words;
            if !self.lock().iter().any(lasts) {
                self.add(words, now, true);
            }
        }
    }

    /// Returns all that are known, the oldest first.
    pub(super) fn all(&self) -> Vec<Outage> {
        self.lock()
            .iter()
            .map(|known| known.outage.clone())
            .collect()
    }

    fn add(&self, words: &str, at: Timestamp, by_hand: bool) {
        let outage = Outage {
            from: at,
            until: None,
            words: words.to_owned(),
        };
        let mut known = self.lock();
        known.push(Known { outage, by_hand });
        let too_many = known.len().saturating_sub(KEPT);
        known.drain(..too_many);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_begins_once_and_ends_when_it_is_gone() {
        let outages = Outages::default();
        let at = |second| Timestamp::from_second(second).expect("a time");
        let words = BTreeSet::from(["kill order-api".to_owned()]);
        outages.begin("pause nginx", at(1));
        outages.by_hand(&words, at(2));
        outages.by_hand(&words, at(3));
        outages.by_hand(&BTreeSet::new(), at(4));
        outages.end("pause nginx", at(5));
        outages.lab_ended(at(6));
        let all: Vec<_> = outages
            .all()
            .into_iter()
            .map(|known| (known.from, known.until))
            .collect();
        assert_eq!(all, [(at(1), Some(at(5))), (at(2), Some(at(4)))]);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let outages = Outages::default();
        for second in 0..100 {
            outages.begin(
                &second.to_string(),
                Timestamp::from_second(second).expect("a time"),
            );
        }
        assert_eq!(outages.all().len(), KEPT);
        assert_eq!(outages.all()[0].words, "80");
    }
}
