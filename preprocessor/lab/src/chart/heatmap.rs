//! A histogram over time as SVG: a column for each moment, a cell for each bucket, darker where more observations are.

use std::fmt::Write;

use super::axis::Axis;
use super::frame::{LEFT, RIGHT, WIDTH, close, open, text, time_axis};
use super::model::Chart;
use crate::event::Curve;
use crate::markup::escape;

const TOP: f64 = 10.0;
const HEIGHT: f64 = 210.0;
/// No drawing has more columns: cells of several moments are put together by their greatest.
const COLUMNS: usize = 90;
/// As many shades as a reader tells apart.
const SHADES: f64 = 6.0;
/// The most labels that stand at the buckets.
const LABELS: usize = 8;

/// Returns `chart` as an `svg` element; its curves are the cumulative buckets of one histogram, by their label `le`.
///
/// Buckets in Prometheus count everything up to their bound: <https://prometheus.io/docs/practices/histograms/>.
pub fn heatmap(chart: &Chart) -> String {
    let (first, last) = chart.span();
    let x = Axis::new(
        (chart.seconds(first), chart.seconds(last)),
        (LEFT, WIDTH - RIGHT),
    );
    let buckets = buckets(chart);
    let bottom = TOP + HEIGHT;
    let mut out = open(chart, bottom + 44.0);
    #[allow(clippy::cast_precision_loss)]
    let height = HEIGHT / buckets.len().max(1) as f64;
    let most = buckets
        .iter()
        .flat_map(|bucket| &bucket.cells)
        .fold(0.0_f64, |most, cell| most.max(*cell));
    let every = buckets.len().div_ceil(LABELS).max(1);
    for (index, bucket) in buckets.iter().enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let y = bottom - (index + 1) as f64 * height;
        if index % every == 0 {
            let words = if bucket.bound.is_finite() {
                chart.unit.words(bucket.bound)
            } else {
                "more".to_owned()
            };
            text(
                &mut out,
                (LEFT - 6.0, y + height / 2.0 + 4.0),
                "chart-tick-y",
                &words,
            );
        }
        for (column, cell) in bucket.cells.iter().enumerate() {
            let shade = (cell / most * SHADES).ceil();
            // Nothing at all is NaN.
            if shade.is_nan() || shade < 1.0 {
                continue;
            }
            #[allow(clippy::cast_precision_loss)]
            let from = bucket.from + column as f64 * bucket.step;
            let (left, right) = (x.clamped(from), x.clamped(from + bucket.step));
            let _ = write!(
                out,
                "<rect class=\"chart-cell chart-shade-{shade}\" x=\"{left:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
                (right - left).max(1.0),
                escape(&format!("{cell:.2} per second at {from:.0} s"))
            );
        }
    }
    time_axis(&mut out, chart, &x, bottom);
    close(out)
}

struct Bucket {
    bound: f64,
    from: f64,
    step: f64,
    cells: Vec<f64>,
}

fn buckets(chart: &Chart) -> Vec<Bucket> {
    let bound = |curve: &Curve| {
        let le = curve.labels.get("le")?;
        if le == "+Inf" {
            Some(f64::INFINITY)
        } else {
            le.parse::<f64>().ok()
        }
    };
    let mut known: Vec<_> = chart
        .curves
        .iter()
        .filter_map(|curve| Some((bound(curve)?, curve)))
        .collect();
    known.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut below: Vec<f64> = Vec::new();
    let mut buckets = Vec::new();
    for (bound, curve) in known {
        let values: Vec<f64> = curve
            .values
            .iter()
            .map(|value| value.unwrap_or(0.0))
            .collect();
        below.resize(values.len(), 0.0);
        let own = values
            .iter()
            .zip(&below)
            .map(|(value, below)| (value - below).max(0.0));
        let own: Vec<f64> = own.collect();
        below = values;
        let together = own.len().div_ceil(COLUMNS).max(1);
        #[allow(clippy::cast_precision_loss)]
        buckets.push(Bucket {
            bound,
            from: chart.seconds(curve.from),
            step: curve.step * together as f64,
            cells: own
                .chunks(together)
                .map(|cells| cells.iter().fold(0.0, |most, cell| f64::max(most, *cell)))
                .collect(),
        });
    }
    buckets
}
