//! A chart as SVG.

use std::fmt::Write;

use super::axis::{Axis, range};
use super::frame::{LEFT, RIGHT, WIDTH, close, open, text, time_axis};
use super::model::{Chart, Mark};
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

    fn line(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(element);
        self.out.push('\n');
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
        if !self.chart.outages.is_empty() {
            self.line(format_args!(
                "<defs><pattern id=\"{}-hatch\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><line class=\"chart-hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"8\"/></pattern></defs>",
                self.chart.id
            ));
        }
    }

    fn grid(&mut self) {
        let unit = self.chart.unit;
        for value in self.y.ticks(4.0) {
            let y = self.y.pixel(value);
            self.line(format_args!(
                "<line class=\"chart-grid\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\"/>",
                WIDTH - RIGHT
            ));
            self.text(
                (LEFT - 6.0, y + 4.0),
                "chart-tick chart-tick-y",
                &unit.words(value),
            );
        }
        time_axis(&mut self.out, self.chart, &self.x, HEIGHT - BOTTOM);
    }

    fn outages(&mut self) {
        let (_, last) = self.chart.span();
        for outage in &self.chart.outages {
            let from = self.x.clamped(self.chart.seconds(outage.from));
            let until = self
                .x
                .clamped(self.chart.seconds(outage.until.unwrap_or(last)));
            self.line(format_args!(
                "<rect class=\"chart-outage\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\" fill=\"url(#{}-hatch)\"><title>{}</title></rect>",
                (until - from).max(1.0),
                HEIGHT - BOTTOM - TOP,
                self.chart.id,
                escape(&outage.words)
            ));
        }
        // Several faults that begin together are one piece of text.
        if let Some(outage) = self.chart.outages.first() {
            let from = self.x.clamped(self.chart.seconds(outage.from));
            self.text(
                (from + 3.0, TOP - 6.0),
                "chart-note chart-broken",
                &outage.words,
            );
        }
    }

    fn bounds(&mut self) {
        for bound in &self.chart.bounds {
            let y = self.y.pixel(bound.value);
            self.line(format_args!(
                "<line class=\"chart-bound\" x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{}\" y2=\"{y:.1}\"/>",
                WIDTH - RIGHT
            ));
            // Below the line where there is no room above it.
            let below = if y < TOP + 16.0 { 13.0 } else { -4.0 };
            self.text(
                (LEFT + 4.0, y + below),
                "chart-note chart-bound-words",
                &bound.words,
            );
        }
    }

    fn curves(&mut self) {
        let (first, last) = self.chart.span();
        let span = (self.chart.seconds(first), self.chart.seconds(last));
        for (index, curve) in self.chart.curves.iter().enumerate() {
            let mut path = String::new();
            for run in runs(self.chart, curve) {
                for (step, (x, y)) in reduce(&run, span, COLUMNS).into_iter().enumerate() {
                    let command = if step == 0 { 'M' } else { 'L' };
                    let _ = write!(
                        path,
                        "{command}{:.1} {:.1}",
                        self.x.clamped(x),
                        self.y.pixel(y)
                    );
                }
                // A sample alone has no line; a round cap makes it a point.
                if run.len() == 1 {
                    path.push_str("h0");
                }
            }
            if !path.is_empty() {
                let look = index % LOOKS + 1;
                self.line(format_args!(
                    "<path class=\"chart-curve chart-curve-{look}\" d=\"{path}\"/>"
                ));
            }
        }
    }

    fn marks(&mut self) {
        let bottom = HEIGHT - BOTTOM;
        for (index, Mark { at, words }) in self.chart.marks.iter().enumerate() {
            let x = self.x.clamped(self.chart.seconds(*at));
            self.line(format_args!(
                "<path class=\"chart-mark\" d=\"M{x:.1} {TOP}V{bottom}\"/><path class=\"chart-mark-head\" d=\"M{:.1} {bottom}h10l-5 -8z\"/>",
                x - 5.0
            ));
            // Words of marks that stand close are set one below the other.
            #[allow(clippy::cast_precision_loss)]
            let y = TOP + 12.0 + (index % 4) as f64 * 14.0;
            let (x, side) = if x > WIDTH * 0.7 {
                (x - 4.0, " chart-before")
            } else {
                (x + 4.0, "")
            };
            self.text((x, y), &format!("chart-note chart-mark-words{side}"), words);
        }
    }

    fn legend(&mut self) {
        if self.chart.curves.len() < 2 {
            return;
        }
        for (index, name) in names(&self.chart.curves).into_iter().enumerate() {
            #[allow(clippy::cast_precision_loss)]
            let y = HEIGHT + index as f64 * LEGEND_ROW + 6.0;
            let look = index % LOOKS + 1;
            self.line(format_args!(
                "<path class=\"chart-curve chart-curve-{look}\" d=\"M{LEFT} {y:.1}h28\"/>"
            ));
            self.text((LEFT + 36.0, y + 4.0), "chart-tick", &name);
        }
    }
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
