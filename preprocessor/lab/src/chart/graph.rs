//! Who calls whom, as SVG: callers stand left of those whom they call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::frame::{close, opened, text};
use super::tone::Tone;
use crate::markup::escape;

const COLUMN: f64 = 190.0;
const BOX: (f64, f64) = (150.0, 40.0);
const ROW: f64 = 74.0;
const MARGIN: f64 = 12.0;

/// A drawing of who calls whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// What ids in the drawing begin with; unique on a page.
    pub id: String,
    /// What is shown, in a few words.
    pub title: String,
    /// The callers and the called.
    pub nodes: Vec<Node>,
    /// The calls.
    pub calls: Vec<Call>,
}

/// Who calls or is called.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its name, unique.
    pub name: String,
    /// What is said of it in a second line; empty for nothing.
    pub words: String,
    /// Whether it is fine, if anybody knows.
    pub tone: Option<Tone>,
}

/// That one calls another.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// What stands at the arrow.
    pub words: String,
}

/// Returns `graph` as an `svg` element without blank lines.
pub fn graph(graph: &Graph) -> String {
    let places = places(graph);
    let columns = places
        .values()
        .map(|(column, _)| column + 1)
        .max()
        .unwrap_or(1);
    let rows = places.values().map(|(_, row)| row + 1).max().unwrap_or(1);
    #[allow(clippy::cast_precision_loss)]
    let (width, height) = (
        columns as f64 * COLUMN - (COLUMN - BOX.0) + 2.0 * MARGIN,
        rows as f64 * ROW - (ROW - BOX.1) + 2.0 * MARGIN,
    );
    let sentences: Vec<_> = graph
        .calls
        .iter()
        .map(|call| format!("{} calls {}", call.from, call.to))
        .collect();
    let mut out = opened(
        &graph.title,
        &sentences.join(", "),
        width.max(320.0),
        height,
    );
    let _ = write!(
        out,
        "<defs><marker id=\"{}-arrow\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"chart-arrow\" d=\"M0 0L8 4L0 8z\"/></marker></defs>",
        escape(&graph.id)
    );
    for call in &graph.calls {
        let (Some(from), Some(to)) = (places.get(call.from.as_str()), places.get(call.to.as_str()))
        else {
            continue;
        };
        edge(&mut out, graph, corner(*from), corner(*to), &call.words);
    }
    for node in &graph.nodes {
        if let Some(place) = places.get(node.name.as_str()) {
            let (x, y) = corner(*place);
            let class = node.tone.map_or("chart-plain", Tone::class);
            let _ = write!(
                out,
                "<rect class=\"chart-node {class}\" x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"5\"/>",
                BOX.0, BOX.1
            );
            let middle = if node.words.is_empty() { 24.0 } else { 17.0 };
            text(
                &mut out,
                (x + BOX.0 / 2.0, y + middle),
                "chart-node-name",
                &node.name,
            );
            text(
                &mut out,
                (x + BOX.0 / 2.0, y + 32.0),
                "chart-tick-x",
                &node.words,
            );
        }
    }
    close(out)
}

fn edge(out: &mut String, graph: &Graph, from: (f64, f64), to: (f64, f64), words: &str) {
    let (width, height) = BOX;
    // Back to somebody on the left, or beside: from below, so that the arrow does not lie on another.
    let is_forward = to.0 > from.0;
    let (start, end) = if is_forward {
        (
            (from.0 + width, from.1 + height / 2.0),
            (to.0, to.1 + height / 2.0),
        )
    } else {
        (
            (from.0 + width / 2.0, from.1 + height),
            (to.0 + width / 2.0, to.1 + height),
        )
    };
    let path = if is_forward {
        let bend = (end.0 - start.0) / 2.0;
        format!(
            "M{} {}C{} {} {} {} {} {}",
            start.0,
            start.1,
            start.0 + bend,
            start.1,
            end.0 - bend,
            end.1,
            end.0,
            end.1
        )
    } else {
        format!(
            "M{} {}C{} {} {} {} {} {}",
            start.0,
            start.1,
            start.0,
            start.1 + 30.0,
            end.0,
            end.1 + 30.0,
            end.0,
            end.1
        )
    };
    let _ = write!(
        out,
        "<path class=\"chart-edge\" d=\"{path}\" marker-end=\"url(#{}-arrow)\"/>",
        escape(&graph.id)
    );
    text(
        out,
        ((start.0 + end.0) / 2.0, f64::midpoint(start.1, end.1) - 6.0),
        "chart-tick-x",
        words,
    );
}

#[allow(clippy::cast_precision_loss)]
fn corner((column, row): (usize, usize)) -> (f64, f64) {
    (MARGIN + column as f64 * COLUMN, MARGIN + row as f64 * ROW)
}

/// The column of a node is the longest way to it from a caller that nobody calls; a call back is no way.
fn places(graph: &Graph) -> BTreeMap<&str, (usize, usize)> {
    let known: BTreeSet<&str> = graph.nodes.iter().map(|node| node.name.as_str()).collect();
    let mut columns: BTreeMap<&str, usize> = known.iter().map(|name| (*name, 0)).collect();
    // Calls in a circle would push each other on for ever: nobody stands further right than there are nodes.
    for _ in 0..known.len() {
        for call in &graph.calls {
            let (from, to) = (call.from.as_str(), call.to.as_str());
            if let (Some(caller), Some(called)) =
                (columns.get(from).copied(), columns.get(to).copied())
                && from != to
                && called <= caller
                && caller + 1 < known.len()
                && !reaches(graph, to, from)
            {
                columns.insert(to, caller + 1);
            }
        }
    }
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    let placed = graph.nodes.iter().map(|node| {
        let column = columns[node.name.as_str()];
        let row = rows.entry(column).or_default();
        *row += 1;
        (node.name.as_str(), (column, *row - 1))
    });
    placed.collect()
}

fn reaches(graph: &Graph, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        let next = graph.calls.iter().filter(|call| call.from == name);
        for call in next {
            if seen.insert(call.to.as_str()) {
                open.push(&call.to);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(calls: &[(&str, &str)]) -> Graph {
        let mut names: Vec<&str> = calls.iter().flat_map(|(from, to)| [*from, *to]).collect();
        names.sort_unstable();
        names.dedup();
        Graph {
            id: "g".to_owned(),
            title: "calls".to_owned(),
            nodes: names
                .iter()
                .map(|name| Node {
                    name: (*name).to_owned(),
                    words: String::new(),
                    tone: None,
                })
                .collect(),
            calls: calls
                .iter()
                .map(|(from, to)| Call {
                    from: (*from).to_owned(),
                    to: (*to).to_owned(),
                    words: String::new(),
                })
                .collect(),
        }
    }

    #[test]
    fn who_is_called_stands_right_of_every_caller() {
        let graph = of(&[
            ("nginx", "gateway"),
            ("gateway", "api"),
            ("api", "db"),
            ("gateway", "db"),
        ]);
        let places = places(&graph);
        let column = |name: &str| places[name].0;
        assert_eq!(["nginx", "gateway", "api", "db"].map(column), [0, 1, 2, 3]);
    }

    #[test]
    fn calls_in_a_circle_end() {
        for calls in [
            &[("a", "b"), ("b", "a")][..],
            &[("a", "a")],
            &[("a", "b"), ("b", "c"), ("c", "a")],
        ] {
            let graph = of(calls);
            assert_eq!(places(&graph).len(), graph.nodes.len());
            assert!(super::graph(&graph).ends_with("</svg>\n"));
        }
    }

    #[test]
    fn a_name_is_text() {
        let drawn = graph(&of(&[("<script>", "\"b\"")]));
        assert!(
            !drawn.contains("<script>") && drawn.contains("&lt;script&gt;"),
            "{drawn}"
        );
    }
}
