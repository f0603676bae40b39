//! Drawings as a browser gets them: well formed, without blank lines, and nothing in them but what was escaped.

use jiff::Timestamp;
use obsbook_lab::chart::{
    Bound, Chart, Mark, Outage, State, Tone, Unit, heatmap, small, svg, table, timeline,
};
use obsbook_lab::event::Curve;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

fn curve(labels: &[(&str, &str)], values: Vec<Option<f64>>) -> Curve {
    let labels = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Curve {
        labels: labels.collect(),
        from: at(-20),
        step: 1.0,
        values,
    }
}

fn chart(curves: Vec<Curve>) -> Chart {
    Chart {
        title: "p95 of <order-api>".to_owned(),
        description: "From before the fault until after the recovery.".to_owned(),
        unit: Unit::Seconds,
        origin: at(0),
        origin_words: "seconds from the fault".to_owned(),
        window: None,
        curves,
        outages: vec![Outage {
            from: at(0),
            until: Some(at(15)),
            words: "delay \"order-api\" by 800ms".to_owned(),
        }],
        bounds: vec![Bound {
            value: 0.7,
            words: "> 0.7".to_owned(),
        }],
        marks: vec![Mark {
            at: at(6),
            words: "> 0.7 after 6.0 s".to_owned(),
        }],
    }
}

/// Values that rise with the fault and fall with its undo, and a gap.
fn risen() -> Vec<Option<f64>> {
    let value = |second: i32| match second {
        -20..3 => Some(0.1),
        3..7 => Some(0.9),
        7..9 => None,
        9..18 => Some(0.95),
        _ => Some(0.12),
    };
    (-20..30).map(value).collect()
}

fn is_drawn(drawn: &str) {
    // Well formed as XML, which is how a page reads it.
    let mut reader = quick_xml::Reader::from_str(drawn);
    loop {
        match reader.read_event().expect("well formed") {
            quick_xml::events::Event::Eof => break,
            quick_xml::events::Event::Start(element) => {
                assert_ne!(element.name().as_ref(), b"script")
            }
            _ => {}
        }
    }
    assert!(
        !drawn.contains("\n\n") && !drawn.contains("NaN") && !drawn.contains("inf"),
        "{drawn}"
    );
}

#[test]
fn a_chart_shows_curve_fault_bound_and_detection() {
    let drawn = svg(&chart(vec![curve(&[], risen())]));
    is_drawn(&drawn);
    for part in [
        "chart-curve-1",
        "chart-outage",
        "chart-bound",
        "chart-mark-head",
        "&gt; 0.7 after 6.0 s",
        "p95 of &lt;order-api&gt;",
    ] {
        assert!(drawn.contains(part), "{part} in {drawn}");
    }
    // The gap parts the curve.
    let path = drawn
        .split("chart-curve-1\" d=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a path");
    assert_eq!(path.matches('M').count(), 2, "{path}");
    let numbers = table(&chart(vec![curve(&[], risen())]));
    is_drawn(&numbers);
    assert!(
        numbers.contains("no sample") && numbers.contains("100 ms"),
        "{numbers}"
    );
}

#[test]
fn a_table_has_a_row_where_something_changes_and_one_at_the_end() {
    let step = |second: i32| Some(if second < 0 { 0.0 } else { 2.0 });
    let numbers = table(&chart(vec![curve(&[], (-20..28).map(step).collect())]));
    let rows: Vec<_> = numbers.split("<th scope=\"row\">").skip(1).collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| row.split("</td>").next().expect("a cell"))
        .collect();
    assert_eq!(
        rows,
        ["-20 s</th><td>0 s", "0 s</th><td>2 s", "26 s</th><td>2 s"]
    );
    assert!(numbers.contains("<caption>"), "{numbers}");
    let rises = (-20..-10).map(|second| Some(f64::from(second))).collect();
    let all = table(&chart(vec![curve(&[], rises)]));
    assert!(!all.contains("<caption>"), "{all}");
    assert_eq!(all.matches("<tr>").count(), 11);
}

#[test]
fn a_small_drawing_has_the_same_to_see_and_no_word() {
    let drawn = small(&chart(vec![curve(&[], risen())]));
    is_drawn(&drawn);
    for part in ["chart-curve-1", "chart-outage", "spark-bound", "chart-mark"] {
        assert!(drawn.contains(part), "{part} in {drawn}");
    }
    assert!(!drawn.contains("<text"), "{drawn}");
    assert!(drawn.len() < 900, "{}", drawn.len());
}

#[test]
fn a_chart_of_a_minute_is_small() {
    let chart = chart(vec![curve(&[], risen())]);
    let size = (svg(&chart).len(), table(&chart).len());
    assert!(size.0 < 2500 && size.1 < 900, "{size:?}");
}

#[test]
fn whatever_is_measured_is_drawn() {
    let long: Vec<_> = (0..20_000)
        .map(|index| Some(f64::from(index % 97)))
        .collect();
    for values in [
        vec![],
        vec![None, None],
        vec![Some(0.0)],
        vec![Some(-5.0), Some(5.0)],
        vec![Some(1e300), Some(-1e300)],
        vec![Some(f64::MIN_POSITIVE)],
        long,
    ] {
        let count = values.len();
        let chart = chart(vec![
            curve(&[("service", "<b>&\"'")], values.clone()),
            curve(&[("service", "b")], values),
        ]);
        for drawn in [
            svg(&chart),
            small(&chart),
            table(&chart),
            timeline(&chart, &[]),
            heatmap(&chart),
        ] {
            is_drawn(&drawn);
            // Points beside each other are at most twice 300, whatever was measured.
            assert!(drawn.len() < 400_000 || count > 600, "{}", drawn.len());
        }
        assert!(svg(&chart).len() < 40_000, "{}", svg(&chart).len());
    }
}

#[test]
fn states_are_bars_with_their_word() {
    let values = [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]
        .into_iter()
        .flat_map(|value| [Some(value); 10])
        .collect();
    let states = [(0.0, "down", Tone::Bad), (1.0, "up", Tone::Good)];
    let states = states.map(|(value, words, tone)| State {
        value,
        words: words.to_owned(),
        tone,
    });
    let drawn = timeline(&chart(vec![curve(&[("service", "a")], values)]), &states);
    is_drawn(&drawn);
    assert_eq!(
        drawn.matches("<rect class=\"chart-state").count(),
        3,
        "{drawn}"
    );
    assert!(
        drawn.contains("chart-bad") && drawn.contains(">down</text>"),
        "{drawn}"
    );
}

#[test]
fn a_histogram_is_a_column_for_each_moment() {
    let bucket = |bound: &str, count: f64| curve(&[("le", bound)], vec![Some(count); 10]);
    let drawn = heatmap(&chart(vec![
        bucket("+Inf", 10.0),
        bucket("0.1", 4.0),
        bucket("0.5", 10.0),
    ]));
    is_drawn(&drawn);
    // Nothing is beyond half a second, and what is within it and not within a tenth is the most.
    assert_eq!(drawn.matches("chart-cell").count(), 20, "{drawn}");
    assert_eq!(drawn.matches("chart-shade-6").count(), 10, "{drawn}");
}

#[test]
fn units_of_grafana_are_ours() {
    let check = |name: &str, value: f64, expected: &str| {
        assert_eq!(Unit::of_grafana(name).words(value), expected)
    };
    check("s", 0.25, "250 ms");
    check("bytes", 1024.0, "1 KiB");
    check("percentunit", 0.5, "50 %");
    check("reqps", 3.0, "3/s");
    check("short", 3.0, "3");
}
