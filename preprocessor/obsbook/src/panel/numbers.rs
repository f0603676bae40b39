//! Panels of numbers: curves, large numbers, rows, states, histograms.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use obsbook_lab::block::{Content, Drawn, Look, PanelBlock};
use obsbook_lab::chart::{Chart, Outage, Tone, Unit, heatmap, names, spark, svg, table, timeline};
use obsbook_lab::event::Curve;

use super::show::Window;
use super::view::{NumberView, PanelView};
use crate::probe::{ProbeError, curves};
use crate::stack::Stack;

/// A drawing has a look of its own for as many.
const CURVES: usize = 8;

pub(super) async fn draw(
    stack: &Stack,
    panel: &PanelBlock,
    window: Window,
    outages: &[Outage],
) -> Result<PanelView, ProbeError> {
    let Content::Queries {
        queries,
        look,
        unit,
        states,
        levels,
    } = &panel.content
    else {
        return Ok(PanelView::Nothing {
            words: "no queries".to_owned(),
        });
    };
    let answers = queries
        .iter()
        .map(|drawn| curves(stack, &drawn.query, window.from, window.now));
    let answers = try_join_all(answers).await?;
    let mut found: Vec<Curve> = Vec::new();
    for (drawn, curves) in queries.iter().zip(answers) {
        found.extend(curves.into_iter().map(|curve| named(curve, drawn, *look)));
    }
    if found.is_empty() {
        return Ok(PanelView::Nothing {
            words: "no data in this time".to_owned(),
        });
    }
    let newest = |curve: &Curve| curve.values.iter().rev().find_map(|value| *value);
    if matches!(look, Look::Stat | Look::Table) {
        let values = found.iter().zip(names(&found)).filter_map(|(curve, name)| {
            let value = newest(curve)?;
            #[allow(clippy::cast_precision_loss)]
            let points: Vec<_> = curve
                .samples()
                .map(|(at, value)| (at.as_millisecond() as f64, value))
                .collect();
            Some((
                value,
                NumberView {
                    name: if name == "value" { String::new() } else { name },
                    words: unit.words(value),
                    share: 0.0,
                    tone: Tone::of_value(value, levels),
                    spark: spark(&points, None),
                },
            ))
        });
        let mut values: Vec<_> = values.collect();
        let most = values
            .iter()
            .map(|(value, _)| *value)
            .fold(0.0_f64, f64::max);
        for (value, view) in &mut values {
            view.share = if most > 0.0 {
                (*value / most).clamp(0.0, 1.0)
            } else {
                0.0
            };
        }
        if *look == Look::Table {
            values.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        }
        let values = values.into_iter().map(|(_, view)| view).collect();
        return Ok(if *look == Look::Stat {
            PanelView::Stat { values }
        } else {
            PanelView::Table { rows: values }
        });
    }
    let all = found.len();
    if *look == Look::TimeSeries {
        found.truncate(CURVES);
    }
    let chart = Chart {
        title: panel.title.clone(),
        description: described(&found, *unit, all - found.len()),
        unit: *unit,
        origin: window.now,
        origin_words: "seconds before now".to_owned(),
        window: Some((window.from, window.now)),
        curves: found,
        outages: outages
            .iter()
            .filter(|outage| outage.until.is_none_or(|until| until > window.from))
            .cloned()
            .collect(),
        bounds: Vec::new(),
        marks: Vec::new(),
    };
    Ok(match look {
        Look::Timeline => PanelView::Chart {
            svg: timeline(&chart, states),
            table: Some(table(&chart)),
        },
        Look::Heatmap => PanelView::Chart {
            svg: heatmap(&chart),
            table: None,
        },
        _ => PanelView::Chart {
            svg: svg(&chart),
            table: Some(table(&chart)),
        },
    })
}

/// The curve under the name that the panel's author gave it.
fn named(mut curve: Curve, drawn: &Drawn, look: Look) -> Curve {
    // The bounds of buckets are read from their label.
    if look == Look::Heatmap || drawn.legend.is_empty() {
        return curve;
    }
    let mut name = drawn.legend.clone();
    for (label, value) in &curve.labels {
        for spelled in [format!("{{{{{label}}}}}"), format!("{{{{ {label} }}}}")] {
            name = name.replace(&spelled, value);
        }
    }
    curve.labels = BTreeMap::from([("name".to_owned(), name)]);
    curve
}

/// What there is to see, for those who do not see it.
fn described(curves: &[Curve], unit: Unit, left_out: usize) -> String {
    let newest = curves
        .iter()
        .zip(names(curves))
        .filter_map(|(curve, name)| {
            let value = curve.values.iter().rev().find_map(|value| *value)?;
            Some(format!("{name} now {}", unit.words(value)))
        });
    let mut words: Vec<_> = newest.take(CURVES).collect();
    if left_out > 0 {
        words.push(format!("{left_out} more are not drawn"));
    }
    format!("{}.", words.join(", "))
}
