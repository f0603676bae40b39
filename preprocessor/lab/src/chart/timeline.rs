//! States over time as SVG: a row for each series, a bar for each state, with its word on it.

use std::fmt::Write;

use super::axis::Axis;
use super::frame::{LEFT, RIGHT, WIDTH, close, open, text, time_axis};
use super::model::Chart;
use super::table::names;
use super::tone::State;
use crate::event::Curve;
use crate::markup::escape;

const ROW: f64 = 30.0;
const BAR: f64 = 20.0;
const TOP: f64 = 10.0;
/// What the name of a series takes beside its row.
const NAMES: f64 = 150.0;
/// A word needs about this much for each of its letters.
const LETTER: f64 = 7.0;

/// Returns `chart` as an `svg` element in which each value is one of `states`; a value that is none stands as a number.
pub fn timeline(chart: &Chart, states: &[State]) -> String {
    let (first, last) = chart.span();
    let x = Axis::new(
        (chart.seconds(first), chart.seconds(last)),
        (LEFT + NAMES, WIDTH - RIGHT),
    );
    #[allow(clippy::cast_precision_loss)]
    let bottom = TOP + chart.curves.len().max(1) as f64 * ROW;
    let mut out = open(chart, bottom + 44.0);
    for (index, (curve, name)) in chart.curves.iter().zip(names(&chart.curves)).enumerate() {
        #[allow(clippy::cast_precision_loss)]
        let y = TOP + index as f64 * ROW;
        text(
            &mut out,
            (LEFT + NAMES - 8.0, y + 15.0),
            "chart-tick-y",
            &name,
        );
        for bar in bars(chart, curve) {
            let (from, until) = (x.clamped(bar.from), x.clamped(bar.until));
            let state = states
                .iter()
                .find(|state| (state.value - bar.value).abs() < 1e-9);
            let words =
                state.map_or_else(|| chart.unit.words(bar.value), |state| state.words.clone());
            let class = state.map_or("chart-plain", |state| state.tone.class());
            let width = (until - from).max(1.0);
            let _ = write!(
                out,
                "<rect class=\"chart-state {class}\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR}\"><title>{}</title></rect>",
                escape(&format!(
                    "{name}: {words} from {:.0} s to {:.0} s",
                    bar.from, bar.until
                ))
            );
            #[allow(clippy::cast_precision_loss)]
            if words.len() as f64 * LETTER < width {
                text(
                    &mut out,
                    (from + 5.0, y + 14.0),
                    "chart-state-words",
                    &words,
                );
            }
        }
    }
    time_axis(&mut out, chart, &x, bottom);
    close(out)
}

struct Bar {
    from: f64,
    until: f64,
    value: f64,
}

/// Neighbours of one value are one bar; each value lasts until the next.
fn bars(chart: &Chart, curve: &Curve) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    for (at, value) in curve.samples() {
        let from = chart.seconds(at);
        let until = from + curve.step;
        match bars.last_mut() {
            #[allow(clippy::float_cmp)]
            Some(bar) if bar.value == value && from - bar.until < curve.step / 2.0 => {
                bar.until = until
            }
            _ => bars.push(Bar { from, until, value }),
        }
    }
    bars
}
