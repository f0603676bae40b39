//! Panels of traces.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use obsbook_lab::block::TraceSearch;

use super::show::Window;
use super::view::{PanelView, SpanEventView, SpanView, TraceView};
use crate::probe::{ProbeError, Search, Span, Trace, matches_search};
use crate::stack::{Kind, Stack};

/// As many as a reader looks through.
const SHOWN: usize = 15;
/// As many as are asked for, since not all of them have what is searched for.
const ASKED: usize = 150;
/// More spans than these are no picture any more.
const SPANS: usize = 300;

pub(super) async fn newest(
    stack: &Stack,
    search: &TraceSearch,
    window: Window,
) -> Result<PanelView, ProbeError> {
    let away = |error| ProbeError::from_query(stack, Kind::Jaeger, error);
    let asked = Search {
        service: &search.root,
        operation: search.operation.as_deref(),
        at_least: search.longer_than,
        limit: ASKED,
    };
    let jaeger = stack.jaeger().await?;
    let found = jaeger.search(&asked, window.from, window.now).await;
    let mut found: Vec<Trace> = found.map_err(away)?;
    found.retain(|trace| matches_search(trace, search));
    found.sort_by_key(|trace| std::cmp::Reverse(trace.spans.first().map(|span| span.start)));
    found.truncate(SHOWN);
    Ok(PanelView::Traces {
        traces: found.iter().filter_map(view).collect(),
    })
}

fn view(trace: &Trace) -> Option<TraceView> {
    let first = trace.spans.first()?;
    let root = trace.root().unwrap_or(first);
    let began = first.start;
    let mut spans = Vec::new();
    below(trace, None, 0, began, &mut spans);
    Some(TraceView {
        id: trace.id.clone(),
        title: format!("{} {}", root.service, root.name),
        at: began.as_millisecond(),
        took: milliseconds_between(began, trace.ended().unwrap_or(began)),
        failed: trace.spans.iter().any(Span::failed),
        spans,
    })
}

/// Adds the spans below `parent`, the earliest first; a span whose parent never came stands where one without does.
fn below(
    trace: &Trace,
    parent: Option<&str>,
    depth: usize,
    began: Timestamp,
    views: &mut Vec<SpanView>,
) {
    let is_known = |id: &str| trace.spans.iter().any(|span| span.id == id);
    let children = trace
        .spans
        .iter()
        .filter(|span| match (&span.parent, parent) {
            (Some(own), Some(parent)) => own == parent && span.id != parent,
            (Some(own), None) => !is_known(own),
            (None, None) => true,
            (None, Some(_)) => false,
        });
    for span in children {
        // Parents in a circle would have no end.
        if views.len() >= SPANS || depth > SPANS {
            return;
        }
        views.push(SpanView {
            service: span.service.clone(),
            name: span.name.clone(),
            depth,
            offset: milliseconds_between(began, span.start),
            took: milliseconds(span.duration),
            failed: span.failed(),
            attributes: span.attributes.clone(),
            events: span
                .events
                .iter()
                .map(|event| event_view(began, event.at, &event.fields))
                .collect(),
        });
        below(trace, Some(&span.id), depth + 1, began, views);
    }
}

fn event_view(began: Timestamp, at: Timestamp, fields: &BTreeMap<String, String>) -> SpanEventView {
    SpanEventView {
        offset: milliseconds_between(began, at),
        fields: fields.clone(),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn milliseconds_between(from: Timestamp, until: Timestamp) -> f64 {
    until.duration_since(from).as_secs_f64() * 1000.0
}
