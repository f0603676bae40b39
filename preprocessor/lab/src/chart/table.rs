//! The numbers of a chart as a table, for those who do not see it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::model::Chart;
use crate::event::Curve;
use crate::markup::escape_text;

/// A table is read, not looked at: more rows than these help nobody.
const ROWS: usize = 24;

/// Returns a `table` element with what `chart` shows at up to 24 moments, in one line; a row that would say what the one before it says is
/// left out, but for the last.
pub fn table(chart: &Chart) -> String {
    let rows = rows(chart);
    let is_news = |index: usize| index == 0 || rows[index].1 != rows[index - 1].1;
    let shown: Vec<_> = (0..rows.len())
        .filter(|index| is_news(*index) || index + 1 == rows.len())
        .collect();
    let note = if shown.len() < rows.len() {
        "<caption>A moment that is not listed is as the one before it.</caption>"
    } else {
        ""
    };
    let mut out = format!(
        "<table class=\"chart-table\">{note}<thead><tr><th scope=\"col\">{}</th>",
        escape_text(&chart.origin_words)
    );
    for name in names(&chart.curves) {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape_text(&name));
    }
    out.push_str("</tr></thead><tbody>");
    for index in shown {
        let (at, cells) = &rows[index];
        let _ = write!(out, "<tr><th scope=\"row\">{at:.0} s</th>");
        for words in cells {
            let _ = write!(out, "<td>{}</td>", escape_text(words));
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table>\n");
    out
}

/// What each curve is at round moments, as seconds on the time axis.
fn rows(chart: &Chart) -> Vec<(f64, Vec<String>)> {
    let (first, last) = chart.span();
    let longest = chart.curves.iter().max_by_key(|curve| curve.values.len());
    let Some(longest) = longest else {
        return Vec::new();
    };
    let moments = longest.values.len();
    let words = |curve: &Curve, at: jiff::Timestamp| {
        let value = value_at(curve, at);
        value.map_or("no sample".to_owned(), |value| chart.unit.words(value))
    };
    (0..moments)
        .step_by(moments.div_ceil(ROWS).max(1))
        .map(|index| longest.at(index))
        .filter(|at| (first..=last).contains(at))
        .map(|at| {
            let cells = chart.curves.iter().map(|curve| words(curve, at));
            (chart.seconds(at), cells.collect())
        })
        .collect()
}

/// Returns what tells each curve from the others: the labels in which they differ.
pub fn names(curves: &[Curve]) -> Vec<String> {
    let mut values: BTreeMap<&str, Vec<Option<&String>>> = BTreeMap::new();
    for curve in curves {
        for name in curve.labels.keys() {
            let of_all = || curves.iter().map(|other| other.labels.get(name)).collect();
            values.entry(name).or_insert_with(of_all);
        }
    }
    let alone = curves.len() == 1;
    values.retain(|_, of_all| alone || of_all.iter().any(|value| *value != of_all[0]));
    let name = |curve: &Curve| {
        let labels: Vec<_> = values
            .keys()
            .filter_map(|name| Some((*name, curve.labels.get(*name)?)))
            .collect();
        match labels.as_slice() {
            [] => "value".to_owned(),
            [(_, value)] => (*value).clone(),
            several => {
                let words: Vec<_> = several
                    .iter()
                    .map(|(name, value)| format!("{name} {value}"))
                    .collect();
                words.join(", ")
            }
        }
    };
    curves.iter().map(name).collect()
}

fn value_at(curve: &Curve, at: jiff::Timestamp) -> Option<f64> {
    let seconds = at.duration_since(curve.from).as_secs_f64();
    let steps = (seconds / curve.step).round();
    if steps < 0.0 {
        return None;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    curve.values.get(steps as usize).copied().flatten()
}
