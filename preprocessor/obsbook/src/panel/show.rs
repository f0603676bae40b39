//! One panel, as it is now.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::{Content, Look, PanelBlock, PanelQuery};
use obsbook_lab::chart::Outage;

use super::view::PanelView;
use super::{alerts, calls, lines, numbers, traces};
use crate::probe::ProbeError;
use crate::stack::Stack;

/// A time that is looked back on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from: Timestamp,
    pub(super) now: Timestamp,
}

impl Window {
    fn back(range: Duration, now: Timestamp) -> Self {
        let range = SignedDuration::try_from(range).unwrap_or(SignedDuration::from_mins(5));
        Self {
            from: now.checked_sub(range).unwrap_or(now),
            now,
        }
    }
}

/// Returns what `panel` shows at `now`, on the stack's clock; `outages` are the times in which something was broken.
///
/// What keeps it from showing anything is shown.
pub async fn show(
    stack: &Stack,
    panel: &PanelBlock,
    now: Timestamp,
    outages: &[Outage],
) -> PanelView {
    let window = Window::back(panel.range, now);
    let shown = match &panel.content {
        Content::Queries {
            queries,
            look: Look::Lines,
            ..
        } => {
            let found = queries.iter().find_map(|drawn| match &drawn.query {
                PanelQuery::Logql(query) => Some(query),
                PanelQuery::Promql(_) => None,
            });
            match found {
                Some(query) => lines::of_query(stack, query, window).await,
                None => Ok(PanelView::Nothing {
                    words: "no query yields lines".to_owned(),
                }),
            }
        }
        Content::Queries { .. } => numbers::draw(stack, panel, window, outages).await,
        Content::Traces(search) => traces::newest(stack, search, window).await,
        Content::Alerts => alerts::now(stack, window, outages).await,
        Content::Dependencies => calls::graph_of(stack, &panel.id, window).await,
    };
    shown.unwrap_or_else(|error: ProbeError| PanelView::Nothing {
        words: error.to_string(),
    })
}
