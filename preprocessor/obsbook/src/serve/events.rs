//! The stream of a page: first everything as it is, then every change. A page that was away is sent what it missed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::watch::Receiver;
use tokio::time::{sleep, timeout};

use super::hub::{Change, Hub};

/// Changes closer together than this are sent together: no reader sees more.
const TOGETHER: Duration = Duration::from_millis(100);
/// A page that hears nothing for twice this long knows that the server is gone.
const BEAT: Duration = Duration::from_secs(10);

struct Page {
    hub: Arc<Hub>,
    changed: Receiver<u64>,
    seen: u64,
    /// The process; what a page saw of another one says nothing.
    epoch: u64,
}

/// Returns the stream of a page that has seen what its `Last-Event-ID` says.
pub(super) fn stream(
    hub: &Arc<Hub>,
    epoch: u64,
    headers: &HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
    let page = Page {
        hub: Arc::clone(hub),
        changed: hub.subscribe(),
        seen: last_seen(headers, epoch),
        epoch,
    };
    let batches = stream::unfold((page, true), async |(mut page, is_first)| {
        let events = page.next(is_first).await?;
        Some((events, (page, false)))
    });
    Sse::new(batches.flat_map(stream::iter).map(Ok))
}

impl Page {
    /// Returns what is to be sent next; `None` when the server has ended.
    async fn next(&mut self, is_first: bool) -> Option<Vec<Event>> {
        if !is_first {
            match timeout(BEAT, self.changed.changed()).await {
                Err(_) => return Some(vec![Event::default().event("beat").data("{}")]),
                Ok(Err(_)) => return None,
                Ok(Ok(())) => sleep(TOGETHER).await,
            }
        }
        self.changed.mark_unchanged();
        let changes = self.hub.since(self.seen);
        let epoch = self.epoch;
        let event = |change: Change| {
            let id = format!("{epoch}-{}", change.version);
            Event::default()
                .event(change.kind)
                .id(id)
                .data(&*change.json)
        };
        if let Some(last) = changes.last() {
            self.seen = last.version;
        }
        let mut events: Vec<_> = changes.into_iter().map(event).collect();
        if is_first {
            events.insert(0, Event::default().event("beat").data("{}"));
        }
        Some(events)
    }
}

fn last_seen(headers: &HeaderMap, epoch: u64) -> u64 {
    let id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (of, version) = match id.and_then(|id| id.split_once('-')) {
        Some((of, version)) => (of.parse().unwrap_or(0), version.parse().unwrap_or(0)),
        None => return 0,
    };
    if of == epoch { version } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_where_it_was_unless_the_server_is_another() {
        let check = |id: &str, expected: u64| {
            let mut headers = HeaderMap::new();
            headers.insert("last-event-id", id.parse().expect("a value"));
            assert_eq!(last_seen(&headers, 7), expected, "{id}");
        };
        check("7-12", 12);
        check("8-12", 0);
        check("12", 0);
        check("7-x", 0);
        assert_eq!(last_seen(&HeaderMap::new(), 7), 0);
    }

    #[tokio::test]
    async fn everything_comes_first_and_then_what_changes() {
        let hub = Arc::new(Hub::default());
        hub.set("lab", "a", &1);
        let mut page = Page {
            changed: hub.subscribe(),
            hub: Arc::clone(&hub),
            seen: 0,
            epoch: 7,
        };
        assert_eq!(page.next(true).await.map(|events| events.len()), Some(2));
        hub.set("lab", "a", &2);
        hub.set("lab", "b", &1);
        assert_eq!(page.next(false).await.map(|events| events.len()), Some(2));
    }

    #[tokio::test]
    async fn a_page_that_does_not_read_skips_what_was_overtaken_and_one_that_is_gone_costs_nothing()
    {
        let hub = Arc::new(Hub::default());
        let mut page = Page {
            changed: hub.subscribe(),
            hub: Arc::clone(&hub),
            seen: 0,
            epoch: 7,
        };
        page.next(true).await;
        for step in 0..10_000 {
            hub.set("lab", "a", &step);
        }
        assert_eq!(page.next(false).await.map(|events| events.len()), Some(1));
        assert_eq!(hub.pages(), 1);
        drop(page);
        assert_eq!(hub.pages(), 0);
    }
}
