//! Panels of log lines.

use obsbook_lab::logql::Query;

use super::show::Window;
use super::view::{LineView, PanelView};
use crate::probe::{Line, ProbeError};
use crate::stack::{Kind, Stack};

/// More lines than these are searched for by a narrower query.
const LINES: usize = 200;

pub(super) async fn of_query(
    stack: &Stack,
    query: &Query,
    window: Window,
) -> Result<PanelView, ProbeError> {
    let away = |error| ProbeError::from_query(stack, Kind::Loki, error);
    let found = stack
        .loki()
        .await?
        .lines(&query.text, window.from, LINES)
        .await;
    let found = found.map_err(away)?;
    Ok(PanelView::Lines {
        more: found.len() == LINES,
        lines: found.into_iter().map(view).collect(),
    })
}

/// Returns the lines that were written within the trace of this id, the oldest first.
///
/// # Errors
/// Loki does not answer.
pub async fn of_trace(
    stack: &Stack,
    id: &str,
    from: jiff::Timestamp,
) -> Result<Vec<LineView>, ProbeError> {
    let away = |error| ProbeError::from_query(stack, Kind::Loki, error);
    // Ids of traces are hexadecimal digits; anything else would be a query.
    if !id.chars().all(|digit| digit.is_ascii_hexdigit()) {
        return Ok(Vec::new());
    }
    let query = format!("{{service=~\".+\"}} | trace_id=\"{id}\"");
    let mut found = stack
        .loki()
        .await?
        .lines(&query, from, LINES)
        .await
        .map_err(away)?;
    found.reverse();
    Ok(found.into_iter().map(view).collect())
}

fn view(line: Line) -> LineView {
    LineView {
        at: line.at.as_millisecond(),
        text: line.text,
        labels: line.labels,
    }
}
