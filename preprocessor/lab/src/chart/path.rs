//! A curve as the path of an SVG element, written as shortly as it can be: a book has many.

use std::fmt::{self, Write};

/// A length as it is written: to a tenth of a pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Px(pub(super) f64);

impl fmt::Display for Px {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is rounded to zero has no sign.
        write!(f, "{}", tenths(self.0) / 10.0 + 0.0)
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round()
}

/// Returns the path through `points`, which are pixels in the order of their x.
#[allow(clippy::float_cmp, reason = "tenths are whole numbers")]
pub(super) fn path(points: &[(f64, f64)]) -> String {
    let whole: Vec<_> = points
        .iter()
        .map(|(x, y)| (tenths(*x), tenths(*y)))
        .collect();
    let mut path = String::new();
    let mut last: Option<(f64, f64)> = None;
    for (index, (x, y)) in whole.iter().copied().enumerate() {
        let after = whole.get(index + 1);
        let before = index.checked_sub(1).and_then(|before| whole.get(before));
        // Within a level run a point is on the line between its neighbours.
        if [before, after]
            .iter()
            .all(|other| other.is_some_and(|other| other.1 == y))
        {
            continue;
        }
        // Writing to a string cannot fail. From the point before there are fewer digits.
        let _ = match last {
            None => write!(path, "M{} {}", x / 10.0, y / 10.0),
            Some(from) if from.1 == y => write!(path, "h{}", (x - from.0) / 10.0),
            Some(from) => write!(path, "l{} {}", (x - from.0) / 10.0, (y - from.1) / 10.0),
        };
        last = Some((x, y));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_short_and_goes_through_every_corner() {
        let check = |points: &[(f64, f64)], expected: &str| assert_eq!(path(points), expected);
        check(&[], "");
        check(&[(66.0, 206.04)], "M66 206");
        check(
            &[(0.0, 5.0), (1.0, 5.0), (2.04, 5.0), (3.0, 2.5), (4.0, 5.0)],
            "M0 5h2l1 -2.5l1 2.5",
        );
        // Rounded away from each other, and yet never away from the curve.
        let far: Vec<_> = (0..1000)
            .map(|x| (f64::from(x) * 0.333, f64::from(x % 2)))
            .collect();
        let end: f64 = path(&far)
            .split('l')
            .skip(1)
            .filter_map(|part| part.split(' ').next()?.parse::<f64>().ok())
            .sum();
        assert!((end - 332.7).abs() < 0.01, "{end}");
    }

    #[test]
    fn a_length_has_no_more_digits_than_it_needs() {
        let check = |value: f64, expected: &str| assert_eq!(Px(value).to_string(), expected);
        check(66.0, "66");
        check(66.25, "66.3");
        check(-0.01, "0");
        check(-12.5, "-12.5");
    }
}
