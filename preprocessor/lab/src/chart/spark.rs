//! A curve as small as a word.

use super::axis::{Axis, range};
use super::draw::{line, look, outage_on, stripes};
use super::model::Chart;
use super::path::{Px, path};
use super::reduce::reduce;
use crate::event::Curve;

/// The width of the box that the path is drawn for.
const WIDTH: f64 = 120.0;
/// Its height.
const HEIGHT: f64 = 24.0;
/// What a line's own width takes at the edges.
const MARGIN: f64 = 2.0;
/// No more points beside each other than twice this.
const COLUMNS: usize = 30;

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
    let points: Vec<_> = reduce(points, (first.0, last.0), COLUMNS)
        .into_iter()
        .map(|(at, value)| (x.pixel(at), y.pixel(value)))
        .collect();
    path(&points)
}

/// Returns how far below the top of the box a bound stands; `None` without one.
pub fn spark_bound(points: &[(f64, f64)], bound: Option<f64>) -> Option<f64> {
    let y = values_axis(points, bound);
    bound.map(|bound| (y.pixel(bound) * 10.0).round() / 10.0)
}

/// Returns `chart` as an `svg` element of that size: its curves, when something was broken, bounds and marks, and no word.
pub fn small(chart: &Chart) -> String {
    let (first, last) = chart.span();
    let times = (chart.seconds(first), chart.seconds(last));
    let values = chart.curves.iter().flat_map(Curve::samples);
    let bounds = chart.bounds.iter().map(|bound| bound.value);
    let values = range(values.map(|(_, value)| value).chain(bounds));
    let x = Axis::new(times, (MARGIN, WIDTH - MARGIN));
    let y = Axis::new(values, (HEIGHT - MARGIN, MARGIN));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lab-spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" aria-hidden=\"true\">"
    );
    for outage in &chart.outages {
        out.push_str(&stripes(outage_on(&x, chart, outage), (0.0, HEIGHT)));
        out.push_str("/>");
    }
    let mut add = |class: &str, line: &str| {
        out.push_str(&format!("<path class=\"{class}\" d=\"{line}\"/>"));
    };
    for bound in &chart.bounds {
        add(
            "lab-spark-bound",
            &format!("M0 {}H{WIDTH}", Px(y.pixel(bound.value))),
        );
    }
    for (index, curve) in chart.curves.iter().enumerate() {
        add(&look(index), &line(chart, curve, (&x, &y), COLUMNS));
    }
    for mark in &chart.marks {
        let at = Px(x.clamped(chart.seconds(mark.at)));
        add("chart-mark", &format!("M{at} 0V{HEIGHT}"));
    }
    out.push_str("</svg>");
    out
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
        let steps: Vec<Vec<f64>> = path
            .split(['M', 'l', 'h'])
            .map(|step| step.split(' ').filter_map(|n| n.parse().ok()).collect())
            .collect();
        assert!(steps.len() > 50, "{path}");
        let (mut x, mut y) = (0.0, 0.0);
        for step in steps {
            x += step.first().unwrap_or(&0.0);
            y += step.get(1).unwrap_or(&0.0);
            assert!((-0.01..=WIDTH).contains(&x) && (-0.01..=HEIGHT).contains(&y));
        }
        assert!(spark_bound(&points, Some(9.0)).is_some_and(|y| y < HEIGHT / 2.0));
    }

    #[test]
    fn one_point_is_no_curve() {
        assert_eq!(spark(&[(1.0, 1.0)], None), "");
        assert_eq!(spark(&[], Some(1.0)), "");
    }
}
