//! A chart as SVG.

use std::fmt::Write;

use super::axis::{Axis, range};
use super::frame::{LEFT, RIGHT, WIDTH, close, open, text, time_axis};
use super::model::{Chart, Mark, Outage};
use super::path::{Px, path};
use super::reduce::reduce;
use super::table::names;
use crate::event::Curve;
use crate::markup::escape;

const HEIGHT: f64 = 250.0;
const TOP: f64 = 26.0;
/// What the time axis and its words take.
const BOTTOM: f64 = 44.0;
const LEGEND_ROW: f64 = 18.0;
/// No drawing has more points beside each other than twice this.
const COLUMNS: usize = 300;
/// How many curves have a look of their own.
const LOOKS: usize = 8;

/// The class of the curve at `index`.
pub(super) fn look(index: usize) -> String {
    format!("chart-curve chart-curve-{}", index % LOOKS + 1)
}

/// Returns `chart` as an `svg` element without blank lines.
pub fn svg(chart: &Chart) -> String {
    let mut drawing = Drawing::new(chart);
    drawing.open();
    drawing.grid();
    drawing.outages();
    drawing.bounds();
    drawing.curves();
    drawing.marks();
    drawing.legend();
    close(drawing.out)
}

struct Drawing<'a> {
    chart: &'a Chart,
    x: Axis,
    y: Axis,
    out: String,
}

impl<'a> Drawing<'a> {
    fn new(chart: &'a Chart) -> Self {
        let (first, last) = chart.span();
        let times = (chart.seconds(first), chart.seconds(last));
        let values = chart
            .curves
            .iter()
            .flat_map(Curve::samples)
            .map(|(_, value)| value);
        let bounds = chart.bounds.iter().map(|bound| bound.value);
        Self {
            chart,
            x: Axis::new(times, (LEFT, WIDTH - RIGHT)),
            y: Axis::new(range(values.chain(bounds)), (HEIGHT - BOTTOM, TOP)),
            out: String::new(),
        }
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(element);
    }

    fn text(&mut self, place: (f64, f64), class: &str, words: &str) {
        text(&mut self.out, place, class, words);
    }

    fn open(&mut self) {
        let rows = if self.chart.curves.len() > 1 {
            self.chart.curves.len()
        } else {
            0
        };
        #[allow(clippy::cast_precision_loss)]
        let height = HEIGHT + rows as f64 * LEGEND_ROW;
        self.out = open(self.chart, height);
    }

    fn grid(&mut self) {
        let unit = self.chart.unit;
        let ticks = self.y.ticks(4.0);
        let mut lines = String::new();
        for value in &ticks {
            lines.push_str(&across(self.y.pixel(*value)));
        }
        self.add(format_args!(
            "<path class=\"chart-grid\" d=\"{lines}\"/><g class=\"chart-tick-y\">"
        ));
        for value in ticks {
            let place = (LEFT - 6.0, self.y.pixel(value) + 4.0);
            self.text(place, "", &unit.words(value));
        }
        self.out.push_str("</g>");
        time_axis(&mut self.out, self.chart, &self.x, HEIGHT - BOTTOM);
    }

    fn outages(&mut self) {
        for (index, outage) in self.chart.outages.iter().enumerate() {
            let (from, until) = outage_on(&self.x, self.chart, outage);
            self.out
                .push_str(&stripes((from, until), (TOP, HEIGHT - BOTTOM)));
            // Several faults that begin together are one piece of text; what the others are is told where somebody points at them.
            if index == 0 {
                self.out.push_str("/>");
                self.text((from + 3.0, TOP - 6.0), "chart-broken", &outage.words);
            } else {
                let words = escape(&outage.words);
                self.add(format_args!("><title>{words}</title></path>"));
            }
        }
    }

    fn bounds(&mut self) {
        for bound in &self.chart.bounds {
            let y = self.y.pixel(bound.value);
            self.add(format_args!(
                "<path class=\"chart-bound\" d=\"{}\"/>",
                across(y)
            ));
            // Below the line where there is no room above it.
            let below = if y < TOP + 16.0 { 13.0 } else { -4.0 };
            let place = (LEFT + 4.0, y + below);
            self.text(place, "chart-bound-words", &bound.words);
        }
    }

    fn curves(&mut self) {
        for (index, curve) in self.chart.curves.iter().enumerate() {
            let line = line(self.chart, curve, (&self.x, &self.y), COLUMNS);
            if !line.is_empty() {
                self.add(format_args!(
                    "<path class=\"{}\" d=\"{line}\"/>",
                    look(index)
                ));
            }
        }
    }

    fn marks(&mut self) {
        let bottom = HEIGHT - BOTTOM;
        for (index, Mark { at, words }) in self.chart.marks.iter().enumerate() {
            let x = self.x.clamped(self.chart.seconds(*at));
            self.add(format_args!(
                "<path class=\"chart-mark\" d=\"M{} {TOP}V{bottom}\"/><path class=\"chart-mark-head\" d=\"M{} {bottom}h10l-5 -8z\"/>",
                Px(x),
                Px(x - 5.0)
            ));
            // Words of marks that stand close are set one below the other.
            #[allow(clippy::cast_precision_loss)]
            let y = TOP + 12.0 + (index % 4) as f64 * 14.0;
            let (x, side) = if x > WIDTH * 0.7 {
                (x - 4.0, " chart-before")
            } else {
                (x + 4.0, "")
            };
            self.text((x, y), &format!("chart-mark-words{side}"), words);
        }
    }

    fn legend(&mut self) {
        if self.chart.curves.len() < 2 {
            return;
        }
        for (index, name) in names(&self.chart.curves).into_iter().enumerate() {
            #[allow(clippy::cast_precision_loss)]
            let y = HEIGHT + index as f64 * LEGEND_ROW + 6.0;
            self.add(format_args!(
                "<path class=\"{}\" d=\"M{LEFT} {}h28\"/>",
                look(index),
                Px(y)
            ));
            self.text((LEFT + 36.0, y + 4.0), "", &name);
        }
    }
}

/// A line from the value axis to the right edge.
fn across(y: f64) -> String {
    format!("M{LEFT} {}H{}", Px(y), WIDTH - RIGHT)
}

/// Where a time in which something was broken begins and ends on an axis.
pub(super) fn outage_on(x: &Axis, chart: &Chart, outage: &Outage) -> (f64, f64) {
    let (_, last) = chart.span();
    let until = outage.until.unwrap_or(last);
    let [from, until] = [outage.from, until].map(|at| x.clamped(chart.seconds(at)));
    (from, until.max(from + 1.0))
}

/// The beginning of an element that hatches a box: a thick line of dashes, which needs no pattern and no name.
pub(super) fn stripes((from, until): (f64, f64), (top, bottom): (f64, f64)) -> String {
    format!(
        "<path class=\"chart-outage\" d=\"M{} {}H{}\" stroke-width=\"{}\"",
        Px(from),
        Px(f64::midpoint(top, bottom)),
        Px(until),
        Px(bottom - top)
    )
}

/// The path of a curve, with at most two points in each of so many columns.
pub(super) fn line(chart: &Chart, curve: &Curve, (x, y): (&Axis, &Axis), columns: usize) -> String {
    let (first, last) = chart.span();
    let span = (chart.seconds(first), chart.seconds(last));
    let mut line = String::new();
    for run in runs(chart, curve) {
        let points: Vec<_> = reduce(&run, span, columns)
            .into_iter()
            .map(|(at, value)| (x.clamped(at), y.pixel(value)))
            .collect();
        line.push_str(&path(&points));
        // A sample alone has no line; a round cap makes it a point.
        if run.len() == 1 {
            line.push_str("h0");
        }
    }
    line
}

/// The parts of a curve between its gaps, within what is shown.
fn runs(chart: &Chart, curve: &Curve) -> Vec<Vec<(f64, f64)>> {
    let (first, last) = chart.span();
    let mut runs = vec![Vec::new()];
    for (index, value) in curve.values.iter().enumerate() {
        let at = curve.at(index);
        match value {
            Some(value) if (first..=last).contains(&at) => {
                if let Some(run) = runs.last_mut() {
                    run.push((chart.seconds(at), *value));
                }
            }
            _ => runs.push(Vec::new()),
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}
