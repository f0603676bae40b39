//! Panels that pages look at: asked anew when somebody looks, and once for all who do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use obsbook_lab::block::PanelBlock;

use super::links::{Link, links};
use super::outages::Outages;
use super::runs::Runs;
use crate::panel::{LineView, PanelView, of_trace, show};
use crate::probe::ProbeError;
use crate::stack::Stack;

/// An answer this young is given again: the stack is scraped once a second.
const FRESH: Duration = Duration::from_millis(900);
/// A stack is found anew after this time: containers that were made since have other ports.
const KNOWN: Duration = Duration::from_secs(10);
/// More panels than a book has are somebody's mistake.
const MOST: usize = 500;

type Slot = Arc<tokio::sync::Mutex<Option<(Instant, Arc<PanelView>)>>>;

/// The answers that were given last.
#[derive(Default)]
pub(super) struct Panels {
    slots: Mutex<BTreeMap<String, Slot>>,
    stack: tokio::sync::Mutex<Option<(Instant, Arc<Stack>)>>,
}

impl Panels {
    /// Returns what `panel` shows now.
    pub(super) async fn show(
        &self,
        runs: &Runs,
        panel: &PanelBlock,
        outages: &Outages,
    ) -> Arc<PanelView> {
        let slot = self.slot(&panel.id);
        let mut kept = slot.lock().await;
        if let Some((at, view)) = &*kept
            && at.elapsed() < FRESH
        {
            return Arc::clone(view);
        }
        let view = match self.stack(runs).await {
            Ok(stack) => {
                let now = jiff::Timestamp::now();
                show(&stack, panel, now, &outages.all()).await
            }
            Err(words) => PanelView::Nothing { words },
        };
        let view = Arc::new(view);
        *kept = Some((Instant::now(), Arc::clone(&view)));
        view
    }

    /// Returns the log lines of a trace that `panel` has shown last; of any other there are none.
    pub(super) async fn lines(
        &self,
        runs: &Runs,
        panel: &str,
        trace: &str,
    ) -> Result<Vec<LineView>, String> {
        let shown = self
            .slot(panel)
            .lock()
            .await
            .as_ref()
            .map(|(_, view)| Arc::clone(view));
        let Some(PanelView::Traces { traces }) = shown.as_deref() else {
            return Ok(Vec::new());
        };
        let Some(shown) = traces.iter().find(|shown| shown.id == trace) else {
            return Ok(Vec::new());
        };
        let stack = self.stack(runs).await?;
        let from = jiff::Timestamp::from_millisecond(shown.at - 60_000).unwrap_or_default();
        let lines = of_trace(&stack, trace, from).await;
        lines.map_err(|error: ProbeError| error.to_string())
    }

    /// Returns the pages of this stack that show what `panel` asks for: those that are there, since an image may lack its page.
    pub(super) async fn links(&self, runs: &Runs, panel: &PanelBlock) -> Vec<Link> {
        match self.stack(runs).await {
            Ok(stack) => links(&stack, panel).await,
            Err(_) => Vec::new(),
        }
    }

    /// Returns the stack, found anew where that is some time ago.
    pub(super) async fn stack(&self, runs: &Runs) -> Result<Arc<Stack>, String> {
        let mut known = self.stack.lock().await;
        if let Some((at, stack)) = &*known
            && at.elapsed() < KNOWN
        {
            return Ok(Arc::clone(stack));
        }
        let opened = Stack::open(&runs.book(), &runs.preparation().options).await;
        let stack = Arc::new(opened.map_err(|error| error.to_string())?);
        *known = Some((Instant::now(), Arc::clone(&stack)));
        Ok(stack)
    }

    fn slot(&self, id: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() > MOST {
            slots.clear();
        }
        Arc::clone(slots.entry(id.to_owned()).or_default())
    }
}
