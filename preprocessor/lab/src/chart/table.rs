//! The numbers of a chart as a table, for those who do not see it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::model::Chart;
use crate::event::Curve;
use crate::markup::escape;

/// A table is read, not looked at: more rows than these help nobody.
const ROWS: usize = 24;

/// Returns a `table` element with what `chart` shows at up to 24 moments, without blank lines.
pub fn table(chart: &Chart) -> String {
    let mut out = format!(
        "<table class=\"chart-table\"><caption>{}</caption>\n<thead><tr><th scope=\"col\">{}</th>",
        escape(&chart.title),
        escape(&chart.origin_words)
    );
    for name in names(&chart.curves) {
        let _ = write!(out, "<th scope=\"col\">{}</th>", escape(&name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    let (first, last) = chart.span();
    let longest = chart.curves.iter().max_by_key(|curve| curve.values.len());
    let moments = longest.map_or(0, |curve| curve.values.len());
    for index in (0..moments).step_by(moments.div_ceil(ROWS).max(1)) {
        let Some(at) = longest.map(|curve| curve.at(index)) else {
            break;
        };
        if !(first..=last).contains(&at) {
            continue;
        }
        let _ = write!(out, "<tr><th scope=\"row\">{:.0} s</th>", chart.seconds(at));
        for curve in &chart.curves {
            let value = value_at(curve, at);
            let words = value.map_or("no sample".to_owned(), |value| chart.unit.words(value));
            let _ = write!(out, "<td>{}</td>", escape(&words));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table>\n");
    out
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
