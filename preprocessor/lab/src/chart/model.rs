//! What is drawn.

use jiff::Timestamp;

use super::unit::Unit;
use crate::event::Curve;

/// Numbers over time, and what happened meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What is shown, in a few words.
    pub title: String,
    /// What there is to see, in a sentence, for those who do not see it.
    pub description: String,
    /// What the numbers are of.
    pub unit: Unit,
    /// The moment that is 0 on the time axis.
    pub origin: Timestamp,
    /// What 0 on the time axis is, as in `seconds from the fault`.
    pub origin_words: String,
    /// The first and the last moment; the curves' own when `None`.
    pub window: Option<(Timestamp, Timestamp)>,
    /// The curves.
    pub curves: Vec<Curve>,
    /// When something was broken.
    pub outages: Vec<Outage>,
    /// What the numbers are compared with.
    pub bounds: Vec<Bound>,
    /// Moments that matter.
    pub marks: Vec<Mark>,
}

/// A time in which a fault was in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it lasts.
    pub until: Option<Timestamp>,
    /// The fault in words.
    pub words: String,
}

/// A number that others are compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The number.
    pub value: f64,
    /// The comparison in words, as in `> 0.7`.
    pub words: String,
}

/// A moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub words: String,
}

impl Chart {
    /// Returns the first and the last moment that are shown.
    pub(super) fn span(&self) -> (Timestamp, Timestamp) {
        if let Some(window) = self.window {
            return window;
        }
        let first = self.curves.iter().map(|curve| curve.from).min();
        let last = self.curves.iter().map(Curve::end).max();
        (first.unwrap_or(self.origin), last.unwrap_or(self.origin))
    }

    /// Returns between which values the curves are, in words; nothing where there is no value.
    pub fn extremes(&self) -> String {
        let values = || self.curves.iter().flat_map(Curve::samples);
        let lowest = values().map(|(_, value)| value).reduce(f64::min);
        let highest = values().map(|(_, value)| value).reduce(f64::max);
        let words = [lowest, highest].map(|value| value.map(|value| self.unit.words(value)));
        match words {
            [Some(lowest), Some(highest)] if lowest == highest => lowest,
            [Some(lowest), Some(highest)] => format!("{lowest} to {highest}"),
            _ => String::new(),
        }
    }

    /// Returns a moment as seconds on the time axis.
    pub(super) fn seconds(&self, at: Timestamp) -> f64 {
        at.duration_since(self.origin).as_secs_f64()
    }
}

impl Curve {
    /// Returns the moment of the last value.
    pub fn end(&self) -> Timestamp {
        let steps = self.values.len().saturating_sub(1);
        self.at(steps)
    }

    /// Returns the moment of the value at `index`.
    pub fn at(&self, index: usize) -> Timestamp {
        #[allow(clippy::cast_precision_loss)]
        let seconds = self.step * index as f64;
        let since = jiff::SignedDuration::try_from_secs_f64(seconds).unwrap_or_default();
        self.from.checked_add(since).unwrap_or(self.from)
    }

    /// Returns the values that are there, each with its moment.
    pub fn samples(&self) -> impl Iterator<Item = (Timestamp, f64)> {
        let values = self.values.iter().enumerate();
        values.filter_map(|(index, value)| value.map(|value| (self.at(index), value)))
    }
}
