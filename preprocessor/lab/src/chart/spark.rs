//! A curve as small as a word.

use std::fmt::Write;

use super::axis::{Axis, range};
use super::reduce::reduce;

/// The width of the box that the path is drawn for.
const WIDTH: f64 = 120.0;
/// Its height.
const HEIGHT: f64 = 24.0;
/// What a line's own width takes at the edges.
const MARGIN: f64 = 2.0;

/// Returns the `d` of an SVG path through `points`, in order of their x, in a box of [`WIDTH`] by [`HEIGHT`]; empty for fewer than two points.
///
/// A `bound` is part of the range, so that a reader sees how far the curve is from it.
pub fn spark(points: &[(f64, f64)], bound: Option<f64>) -> String {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return String::new();
    };
    if points.len() < 2 {
        return String::new();
    }
    let y = values_axis(points, bound);
    let x = Axis::new((first.0, last.0), (MARGIN, WIDTH - MARGIN));
    let mut path = String::new();
    for (step, point) in reduce(points, (first.0, last.0), 60)
        .into_iter()
        .enumerate()
    {
        let command = if step == 0 { 'M' } else { 'L' };
        // Writing to a string cannot fail.
        let _ = write!(
            path,
            "{command}{:.1} {:.1}",
            x.pixel(point.0),
            y.pixel(point.1)
        );
    }
    path
}

/// Returns how far below the top of the box a bound stands; `None` without one.
pub fn spark_bound(points: &[(f64, f64)], bound: Option<f64>) -> Option<f64> {
    let y = values_axis(points, bound);
    bound.map(|bound| (y.pixel(bound) * 10.0).round() / 10.0)
}

fn values_axis(points: &[(f64, f64)], bound: Option<f64>) -> Axis {
    let values = points.iter().map(|point| point.1).chain(bound);
    Axis::new(range(values), (HEIGHT - MARGIN, MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spark_stays_in_its_box() {
        let points: Vec<_> = (0..500).map(|x| (f64::from(x), f64::from(x % 7))).collect();
        let path = spark(&points, Some(9.0));
        let numbers = path
            .split(['M', 'L', ' '])
            .filter_map(|text| text.parse::<f64>().ok());
        assert!(numbers.clone().count() > 100);
        assert!(
            numbers
                .clone()
                .all(|number| (0.0..=WIDTH).contains(&number))
        );
        assert!(spark_bound(&points, Some(9.0)).is_some_and(|y| y < HEIGHT / 2.0));
    }

    #[test]
    fn one_point_is_no_curve() {
        assert_eq!(spark(&[(1.0, 1.0)], None), "");
        assert_eq!(spark(&[], Some(1.0)), "");
    }
}
