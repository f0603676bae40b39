//! Whether a value is fine: as a word, a shape and a colour, since no one of them reaches everybody.

/// What a value says of what it is measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// As it should be.
    Good,
    /// Something to look at.
    Warn,
    /// Broken.
    Bad,
}

/// What a value is called, where it is a state and no number.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The value.
    pub value: f64,
    /// What it is called.
    pub words: String,
    /// Whether it is fine.
    pub tone: Tone,
}

/// From which value on a number is fine or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The least value.
    pub from: f64,
    /// Whether it is fine.
    pub tone: Tone,
}

impl Tone {
    /// Returns what a colour of Grafana's stands for.
    pub fn of_grafana(color: &str) -> Self {
        let has = |names: &[&str]| names.iter().any(|name| color.contains(name));
        if has(&["red"]) {
            Self::Bad
        } else if has(&["orange", "yellow"]) {
            Self::Warn
        } else {
            Self::Good
        }
    }

    /// Returns the tone of `value` among `levels`, which come in the order of their values; none where there are no levels.
    pub fn of_value(value: f64, levels: &[Level]) -> Option<Self> {
        let reached = levels.iter().rev().find(|level| value >= level.from);
        reached.or(levels.first()).map(|level| level.tone)
    }

    /// Returns the class of what has this tone.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "chart-good",
            Self::Warn => "chart-warn",
            Self::Bad => "chart-bad",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_tone_of_the_highest_level_that_it_reaches() {
        let levels = [
            (f64::NEG_INFINITY, Tone::Good),
            (10.0, Tone::Warn),
            (50.0, Tone::Bad),
        ];
        let levels = levels.map(|(from, tone)| Level { from, tone });
        let check = |value: f64, expected: Tone| {
            assert_eq!(Tone::of_value(value, &levels), Some(expected), "{value}")
        };
        check(-1.0, Tone::Good);
        check(9.9, Tone::Good);
        check(10.0, Tone::Warn);
        check(1e9, Tone::Bad);
        assert_eq!(Tone::of_value(1.0, &[]), None);
    }
}
