//! Dashboards: every query of every panel returns data.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::{PanelQuery, Signal};
use obsbook_lab::dashboard::Dashboard;

use super::checklist::{Looked, Miss};
use crate::probe::evaluate_panel;
use crate::stack::{Kind, Stack};

/// The time range that a panel of log lines shows.
const RANGE: SignedDuration = SignedDuration::from_mins(15);

/// Returns the data sources that a dashboard needs.
pub(super) fn sources(dashboard: &Dashboard) -> BTreeSet<Kind> {
    let targets = dashboard.panels.iter().flat_map(|panel| &panel.targets);
    let read = targets.map(|target| target.source.as_str());
    // Span metrics are Prometheus' series, and yet come from traces: such a dashboard has the signal as a tag.
    let tags = dashboard.tags.iter();
    let named = tags
        .filter_map(|tag| Signal::of(tag))
        .flat_map(|signal| signal.sources().iter().copied());
    let needed: BTreeSet<&str> = read.chain(named).collect();
    Kind::ALL
        .into_iter()
        .filter(|kind| needed.contains(kind.name()))
        .collect()
}

pub(super) async fn has_data(stack: &Stack, dashboard: &Dashboard) -> Looked {
    let from = Timestamp::now().checked_sub(RANGE).unwrap_or_default();
    let mut empty = Vec::new();
    let mut asked = 0;
    for panel in &dashboard.panels {
        for target in &panel.targets {
            let query = dashboard.expand(&target.query, &BTreeMap::new());
            // Searches for traces are no queries that yield numbers; the traces have been looked at.
            if !matches!(target.source.as_str(), "prometheus" | "loki") {
                continue;
            }
            asked += 1;
            let place = format!("{} ({})", panel.title, target.id);
            match PanelQuery::parse(&target.source, &query) {
                Err(reason) => empty.push(format!("{place}: {reason}")),
                Ok(query) => match evaluate_panel(stack, &query, from).await {
                    Ok((series, _)) if series.iter().all(|one| one.value.is_nan()) => {
                        empty.push(place);
                    }
                    Ok(_) => {}
                    Err(error) => empty.push(format!("{place}: {error}")),
                },
            }
        }
    }
    if empty.is_empty() {
        return Ok(format!(
            "{} panels, {asked} queries, all with data",
            dashboard.panels.len()
        ));
    }
    Err(Miss::new(format!("without data: {}", empty.join(", "))))
}
