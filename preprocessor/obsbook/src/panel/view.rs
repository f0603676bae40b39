//! What a page is sent of a panel. Drawings are whole SVG elements; everything else is text for the page to set.

use std::collections::BTreeMap;

use obsbook_lab::chart::Tone;
use serde::Serialize;

/// One panel as it is now. Times are milliseconds since 1970 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PanelView {
    /// A drawing, and its numbers as a table.
    Chart {
        /// An `svg` element.
        svg: String,
        /// A `table` element, where the drawing shows numbers.
        table: Option<String>,
    },
    /// Large numbers.
    Stat {
        /// The numbers.
        values: Vec<NumberView>,
    },
    /// Numbers in rows.
    Table {
        /// The numbers, the largest first.
        rows: Vec<NumberView>,
    },
    /// Log lines.
    Lines {
        /// The lines, the newest first.
        lines: Vec<LineView>,
        /// Whether there are older ones that are not sent.
        more: bool,
    },
    /// Traces.
    Traces {
        /// The traces, the newest first.
        traces: Vec<TraceView>,
    },
    /// Alerts.
    Alerts {
        /// Those that are pending or firing.
        alerts: Vec<AlertView>,
        /// What was sent, the newest first.
        notifications: Vec<NotificationView>,
        /// Their states over time, as an `svg` element.
        history: Option<String>,
    },
    /// Nothing to show, and why.
    Nothing {
        /// Why.
        words: String,
    },
}

/// A number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumberView {
    /// What it is of.
    pub name: String,
    /// The number with its unit.
    pub words: String,
    /// Its part of the largest, 0 to 1.
    pub share: f64,
    /// Whether it is fine, if anybody says so.
    pub tone: Option<Tone>,
    /// Its course, as the path of a small curve.
    pub spark: String,
}

/// A log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineView {
    /// When it was written.
    pub at: i64,
    /// The line as its service wrote it.
    pub text: String,
    /// Its labels and its structured metadata.
    pub labels: BTreeMap<String, String>,
}

/// A trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceView {
    /// Its id.
    pub id: String,
    /// The name of its root span, and whose it is.
    pub title: String,
    /// When it began.
    pub at: i64,
    /// Milliseconds from its first span's beginning to its last one's end.
    pub took: f64,
    /// Whether one of its spans failed.
    pub failed: bool,
    /// Its spans, each after its parent.
    pub spans: Vec<SpanView>,
}

/// A span.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpanView {
    /// The service that made it.
    pub service: String,
    /// Its name.
    pub name: String,
    /// How many spans it is within.
    pub depth: usize,
    /// Milliseconds from the trace's beginning.
    pub offset: f64,
    /// Milliseconds.
    pub took: f64,
    /// Whether it failed.
    pub failed: bool,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// What happened within it.
    pub events: Vec<SpanEventView>,
}

/// Something that happened within a span.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpanEventView {
    /// Milliseconds from the trace's beginning.
    pub offset: f64,
    /// What it was.
    pub fields: BTreeMap<String, String>,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertView {
    /// Its name.
    pub name: String,
    /// `pending` or `firing`.
    pub state: String,
    /// Since when.
    pub since: i64,
    /// Its other labels.
    pub labels: BTreeMap<String, String>,
}

/// A notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotificationView {
    /// When it arrived.
    pub at: i64,
    /// The shape that it came in.
    pub channel: String,
    /// `firing` or `resolved`.
    pub status: String,
    /// Its headline.
    pub title: String,
}
