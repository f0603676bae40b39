//! What every drawing has: its element with title and description, words, and a time axis.

use std::fmt::Write;

use super::axis::Axis;
use super::model::Chart;
use crate::markup::escape;

pub(super) const WIDTH: f64 = 720.0;
pub(super) const LEFT: f64 = 66.0;
pub(super) const RIGHT: f64 = 14.0;

/// Returns the beginning of a drawing of this height.
pub(super) fn open(chart: &Chart, height: f64) -> String {
    opened(&chart.id, &chart.title, &chart.description, WIDTH, height)
}

/// Returns the beginning of a drawing that has no time.
pub(super) fn opened(id: &str, title: &str, description: &str, width: f64, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
        escape(title),
        escape(description)
    )
}

/// Returns the whole drawing.
pub(super) fn close(mut out: String) -> String {
    out.push_str("</svg>\n");
    out
}

/// Adds words.
pub(super) fn text(out: &mut String, (x, y): (f64, f64), class: &str, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
        escape(words)
    );
}

/// Adds the axis at the foot of a drawing, with what its zero is; it takes 44 pixels.
pub(super) fn time_axis(out: &mut String, chart: &Chart, x: &Axis, bottom: f64) {
    for value in x.time_ticks(8.0) {
        let at = x.pixel(value);
        let _ = writeln!(
            out,
            "<line class=\"chart-axis\" x1=\"{at:.1}\" y1=\"{bottom}\" x2=\"{at:.1}\" y2=\"{}\"/>",
            bottom + 4.0
        );
        text(
            out,
            (at, bottom + 17.0),
            "chart-tick chart-tick-x",
            &time(value),
        );
    }
    let (from, until) = x.ends();
    let _ = writeln!(
        out,
        "<line class=\"chart-axis\" x1=\"{from}\" y1=\"{bottom}\" x2=\"{until}\" y2=\"{bottom}\"/>"
    );
    text(
        out,
        ((from + until) / 2.0, bottom + 35.0),
        "chart-tick chart-tick-x",
        &chart.origin_words,
    );
}

fn time(seconds: f64) -> String {
    if seconds.abs() >= 120.0 && seconds % 60.0 == 0.0 {
        return format!("{} min", seconds / 60.0);
    }
    format!("{seconds} s")
}
