//! Axes: which numbers stand at them, and where.

/// A range of numbers on a range of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    first: f64,
    last: f64,
}

/// What steps between ticks may be, times a power of ten.
const STEPS: [f64; 4] = [1.0, 2.0, 5.0, 10.0];
/// What steps of a time axis may be beyond ten seconds.
const SECONDS: [f64; 10] = [
    10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 21_600.0,
];

impl Axis {
    /// Returns the axis from `low` at pixel `first` to `high` at pixel `last`.
    pub(super) fn new((low, high): (f64, f64), (first, last): (f64, f64)) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self {
            low,
            high,
            first,
            last,
        }
    }

    /// Returns its first and its last pixel.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.first, self.last)
    }

    /// Returns the pixel of a number.
    pub(super) fn pixel(&self, value: f64) -> f64 {
        self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first)
    }

    /// Returns the pixel of a number, or of the nearest that is shown.
    pub(super) fn clamped(&self, value: f64) -> f64 {
        self.pixel(value.clamp(self.low, self.high))
    }

    /// Returns round numbers along the axis, about `count` of them.
    pub(super) fn ticks(&self, count: f64) -> Vec<f64> {
        multiples(self.low, self.high, step((self.high - self.low) / count))
    }

    /// Returns round times along the axis, about `count` of them.
    pub(super) fn time_ticks(&self, count: f64) -> Vec<f64> {
        let least = (self.high - self.low) / count;
        let long = SECONDS.into_iter().find(|seconds| *seconds >= least);
        let step = if least <= 5.0 {
            step(least)
        } else {
            long.unwrap_or_else(|| step(least))
        };
        multiples(self.low, self.high, step)
    }
}

/// Returns the range that shows every number of `values` and begins at zero where none is below.
pub(super) fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((0.0_f64, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if !high.is_finite() || high <= low {
        return (low, low + 1.0);
    }
    let step = step((high - low) / 4.0);
    let down = if low < 0.0 {
        (low / step).floor() * step
    } else {
        0.0
    };
    // A curve that touches the frame reads as cut off.
    (down, ((high + (high - low) * 0.04) / step).ceil() * step)
}

fn step(least: f64) -> f64 {
    if least <= 0.0 || !least.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let found = STEPS
        .into_iter()
        .find(|step| step * power >= least * 0.999_999);
    found.unwrap_or(10.0) * power
}

#[allow(clippy::cast_possible_truncation)]
fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-9).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    // No axis has more, whatever it is given.
    #[allow(clippy::cast_precision_loss)]
    (first..=last)
        .take(50)
        .map(|index| index as f64 * step)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        let check = |low: f64, high: f64, expected: &[f64]| {
            let axis = Axis::new((low, high), (0.0, 100.0));
            assert_eq!(axis.ticks(4.0), expected, "{low} to {high}");
        };
        check(0.0, 1.0, &[0.0, 0.5, 1.0]);
        check(0.0, 800.0, &[0.0, 200.0, 400.0, 600.0, 800.0]);
        check(-2.0, 2.0, &[-2.0, -1.0, 0.0, 1.0, 2.0]);
        let axis = Axis::new((-20.0, 42.0), (0.0, 100.0));
        assert_eq!(axis.time_ticks(6.0), [-15.0, 0.0, 15.0, 30.0]);
    }

    #[test]
    fn a_range_begins_at_zero_and_ends_above_the_highest() {
        let check = |values: &[f64], expected: (f64, f64)| {
            assert_eq!(range(values.iter().copied()), expected, "{values:?}");
        };
        check(&[], (0.0, 1.0));
        check(&[0.0], (0.0, 1.0));
        check(&[0.3, 0.7], (0.0, 0.8));
        check(&[-3.0, 5.0], (-4.0, 6.0));
        check(&[1.0], (0.0, 1.5));
    }
}
