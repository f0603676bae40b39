//! What every drawing has: its element with title and description, words, and a time axis.

use std::fmt::Write;

use super::axis::Axis;
use super::model::Chart;
use super::path::Px;
use crate::markup::{escape, escape_text};

pub(super) const WIDTH: f64 = 720.0;
pub(super) const LEFT: f64 = 66.0;
pub(super) const RIGHT: f64 = 14.0;

/// Returns the beginning of a drawing of this height.
pub(super) fn open(chart: &Chart, height: f64) -> String {
    opened(&chart.title, &chart.description, WIDTH, height)
}

/// Returns the beginning of a drawing that has no time.
///
/// What it is called says what there is to see. It is an attribute, so that a book's search finds prose and not drawings.
pub(super) fn opened(title: &str, description: &str, width: f64, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}: {}\">",
        escape(title),
        escape(description)
    )
}

/// Returns the whole drawing.
pub(super) fn close(mut out: String) -> String {
    out.push_str("</svg>\n");
    out
}

/// Adds words; they need no class where their group has one.
pub(super) fn text(out: &mut String, (x, y): (f64, f64), class: &str, words: &str) {
    let class = if class.is_empty() {
        String::new()
    } else {
        format!(" class=\"{class}\"")
    };
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<text{class} x=\"{}\" y=\"{}\">{}</text>",
        Px(x),
        Px(y),
        escape_text(words)
    );
}

/// Adds the axis at the foot of a drawing, with what its zero is; it takes 44 pixels.
pub(super) fn time_axis(out: &mut String, chart: &Chart, x: &Axis, bottom: f64) {
    let (from, until) = x.ends();
    let ticks = x.time_ticks(8.0);
    let _ = write!(
        out,
        "<path class=\"chart-axis\" d=\"M{} {bottom}H{}",
        Px(from),
        Px(until)
    );
    for value in &ticks {
        let _ = write!(out, "M{} {bottom}v4", Px(x.pixel(*value)));
    }
    out.push_str("\"/><g class=\"chart-tick-x\">");
    for value in ticks {
        text(out, (x.pixel(value), bottom + 17.0), "", &time(value));
    }
    let middle = f64::midpoint(from, until);
    text(out, (middle, bottom + 35.0), "", &chart.origin_words);
    out.push_str("</g>");
}

fn time(seconds: f64) -> String {
    if seconds.abs() >= 120.0 && seconds % 60.0 == 0.0 {
        return format!("{} min", seconds / 60.0);
    }
    format!("{seconds} s")
}
