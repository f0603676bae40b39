//! The probe `trace`: traces that began from a moment on and have what is asked.

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::block::TraceSearch;
use obsbook_lab::comparison::Comparison;
use obsbook_lab::duration::words;

use super::clocked::Clocked;
use super::observe::{Observation, ProbeError};
use super::source::{Search, Span, Trace};
use crate::stack::{Kind, Stack};

/// How far back a failure looks for what comes near.
const NEARBY: SignedDuration = SignedDuration::from_mins(5);

/// How many traces one look brings: more than the sandbox makes in a minute.
const MOST: usize = 1500;
/// How long ago the spans of a trace must have ended for it to be whole: exporters hold spans back for a second or two.
const WHOLE_AFTER: SignedDuration = SignedDuration::from_secs(3);

pub(super) async fn observe(
    stack: &Stack,
    search: &TraceSearch,
    count: &Comparison,
    baseline: Clocked<'_>,
    since: Option<Timestamp>,
) -> Result<Observation, ProbeError> {
    let from = baseline.from(since);
    let jaeger = stack.jaeger().await?;
    let asked = Search {
        service: &search.root,
        operation: search.operation.as_deref(),
        at_least: search.longer_than,
        limit: MOST,
    };
    let traces = jaeger.search(&asked, from, baseline.now()).await;
    let traces = traces.map_err(|error| ProbeError::from_query(stack, Kind::Jaeger, error))?;
    Ok(judge(search, count, &traces, from, baseline.now()))
}

fn judge(
    search: &TraceSearch,
    count: &Comparison,
    traces: &[Trace],
    from: Timestamp,
    now: Timestamp,
) -> Observation {
    let found: Vec<_> = traces
        .iter()
        .filter(|trace| fits(search, trace, from, now))
        .collect();
    #[allow(clippy::cast_precision_loss)]
    let value = found.len() as f64;
    let example = found
        .first()
        .map(|trace| format!(", such as {}", trace.id))
        .unwrap_or_default();
    let are_cut = traces.len() >= MOST;
    let least = if are_cut { "at least " } else { "" };
    Observation::of(
        // There may be any number more.
        count.holds(value) && (!are_cut || count.holds(f64::INFINITY)),
        value,
        format!("{least}{value} traces{example}"),
    )
}

/// Returns whether a trace has what is asked, whenever it was.
pub(crate) fn matches_search(trace: &Trace, search: &TraceSearch) -> bool {
    fits(search, trace, Timestamp::MIN, Timestamp::MAX)
}

fn fits(search: &TraceSearch, trace: &Trace, from: Timestamp, now: Timestamp) -> bool {
    let Some(root) = trace.root() else {
        return false;
    };
    let services = trace.services();
    let candidate = |span: &Span| {
        search.span.as_ref().is_none_or(|name| &span.name == name)
            && search
                .attributes
                .iter()
                .all(|(key, value)| span.attributes.get(key) == Some(value))
    };
    // Spans that have not arrived yet can make any of these untrue.
    let needs_all =
        root.parent.is_some() || !search.without.is_empty() || search.error == Some(false);
    root.service == search.root
        && root.start >= from
        && (!needs_all || is_whole(trace, now))
        && search
            .operation
            .as_ref()
            .is_none_or(|name| &root.name == name)
        && search
            .through
            .iter()
            .all(|service| services.contains(&service.as_str()))
        && !search
            .without
            .iter()
            .any(|service| services.contains(&service.as_str()))
        && search.calls.iter().all(|(from, to)| calls(trace, from, to))
        && search.longer_than.is_none_or(|least| root.duration > least)
        && search.shorter_than.is_none_or(|most| root.duration < most)
        && search
            .error
            .is_none_or(|wanted| wanted == trace.spans.iter().any(Span::failed))
        && trace.spans.iter().any(candidate)
}

/// Whether all spans of a trace have had the time to arrive.
fn is_whole(trace: &Trace, now: Timestamp) -> bool {
    let ended = trace.ended();
    ended.is_some_and(|ended| now.duration_since(ended) >= WHOLE_AFTER)
}

/// Whether a span of `to` has a span of `from` as its parent.
fn calls(trace: &Trace, from: &str, to: &str) -> bool {
    trace.spans.iter().any(|callee| {
        let mut callers = trace
            .spans
            .iter()
            .filter(|caller| Some(&caller.id) == callee.parent.as_ref());
        callee.service == to && callers.any(|caller| caller.service == from)
    })
}

/// Shows the traces that come nearest: of the same root, where there are any.
pub(super) async fn explain(stack: &Stack, search: &TraceSearch) -> Vec<String> {
    let Ok(jaeger) = stack.jaeger().await else {
        return Vec::new();
    };
    let from = Timestamp::now().checked_sub(NEARBY).unwrap_or_default();
    let traces = jaeger
        .traces(&search.root, from, None)
        .await
        .unwrap_or_default();
    let mut roots: Vec<_> = traces
        .iter()
        .filter_map(|trace| Some((trace, trace.root()?)))
        .filter(|(_, root)| root.service == search.root)
        .collect();
    let mut lines = Vec::new();
    if roots.is_empty() {
        let services = jaeger.services().await.unwrap_or_default();
        lines.push(format!(
            "no trace of the last five minutes begins in {}; services with spans: {}",
            search.root,
            if services.is_empty() {
                "none".to_owned()
            } else {
                services.join(", ")
            }
        ));
    } else {
        roots.sort_by_key(|(_, root)| std::cmp::Reverse(root.duration));
        lines.push(format!(
            "{} traces of the last five minutes begin in {}; the slowest:",
            roots.len(),
            search.root
        ));
        lines.extend(roots.iter().take(3).map(|(trace, root)| {
            let failed = trace.spans.iter().filter(|span| span.failed()).count();
            format!(
                "  {} {}, {}, through {}, {failed} spans with an error",
                trace.id,
                root.name,
                words(root.duration),
                trace.services().join(", ")
            )
        }));
    }
    lines.push(format!("look for yourself: {}", jaeger.link(&search.root)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn span(service: &str, parent: Option<&str>, milliseconds: u64, error: bool) -> Span {
        Span {
            id: service.to_owned(),
            parent: parent.map(str::to_owned),
            service: service.to_owned(),
            name: format!("work of {service}"),
            start: Timestamp::UNIX_EPOCH,
            duration: Duration::from_millis(milliseconds),
            events: Vec::new(),
            attributes: if error {
                [("error".to_owned(), "true".to_owned())].into()
            } else {
                [].into()
            },
        }
    }

    fn trace(spans: Vec<Span>) -> Trace {
        Trace {
            id: "t".to_owned(),
            spans,
        }
    }

    fn check(search: TraceSearch, expected: bool) {
        let trace = trace(vec![
            span("gateway", None, 900, false),
            span("api", Some("gateway"), 800, true),
        ]);
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1);
        let search = TraceSearch {
            root: if search.root.is_empty() {
                "gateway".to_owned()
            } else {
                search.root
            },
            ..search
        };
        assert_eq!(
            fits(&search, &trace, Timestamp::UNIX_EPOCH, now),
            expected,
            "{search}"
        );
        let later = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1);
        assert!(
            !fits(&search, &trace, later, now),
            "{search} found a trace from before"
        );
    }

    #[test]
    fn a_trace_has_all_that_is_asked_or_is_not_found() {
        let search = TraceSearch::default;
        let words = |list: &[&str]| {
            list.iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        check(search(), true);
        check(
            TraceSearch {
                root: "api".to_owned(),
                ..search()
            },
            false,
        );
        check(
            TraceSearch {
                through: words(&["api"]),
                ..search()
            },
            true,
        );
        check(
            TraceSearch {
                through: words(&["api", "worker"]),
                ..search()
            },
            false,
        );
        check(
            TraceSearch {
                without: words(&["api"]),
                ..search()
            },
            false,
        );
        check(
            TraceSearch {
                longer_than: Some(Duration::from_millis(700)),
                ..search()
            },
            true,
        );
        check(
            TraceSearch {
                longer_than: Some(Duration::from_millis(900)),
                ..search()
            },
            false,
        );
        check(
            TraceSearch {
                shorter_than: Some(Duration::from_millis(900)),
                ..search()
            },
            false,
        );
        check(
            TraceSearch {
                error: Some(true),
                ..search()
            },
            true,
        );
        check(
            TraceSearch {
                error: Some(false),
                ..search()
            },
            false,
        );
        check(
            TraceSearch {
                span: Some("work of api".to_owned()),
                attributes: [("error".to_owned(), "true".to_owned())].into(),
                ..search()
            },
            true,
        );
        check(
            TraceSearch {
                span: Some("work of gateway".to_owned()),
                attributes: [("error".to_owned(), "true".to_owned())].into(),
                ..search()
            },
            false,
        );
        let call = |from: &str, to: &str| vec![(from.to_owned(), to.to_owned())];
        check(
            TraceSearch {
                calls: call("gateway", "api"),
                ..search()
            },
            true,
        );
        check(
            TraceSearch {
                calls: call("api", "gateway"),
                ..search()
            },
            false,
        );
        check(
            TraceSearch {
                operation: Some("work of api".to_owned()),
                ..search()
            },
            false,
        );
    }

    #[test]
    fn what_a_late_span_can_make_untrue_is_believed_of_a_whole_trace_alone() {
        let first = |parent: Option<&str>| trace(vec![span("gateway", parent, 900, false)]);
        let root = || TraceSearch {
            root: "gateway".to_owned(),
            ..TraceSearch::default()
        };
        let without = TraceSearch {
            without: vec!["api".to_owned()],
            ..root()
        };
        let succeeded = TraceSearch {
            error: Some(false),
            ..root()
        };
        for (search, trace, at_once) in [
            (root(), first(None), true),
            (root(), first(Some("late")), false),
            (without, first(None), false),
            (succeeded, first(None), false),
        ] {
            // The span ends after 900 ms.
            for (milliseconds, expected) in [(1000, at_once), (3800, at_once), (3900, true)] {
                let now = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(milliseconds);
                let found = fits(&search, &trace, Timestamp::UNIX_EPOCH, now);
                assert_eq!(found, expected, "{search} after {milliseconds} ms");
            }
        }
    }

    #[test]
    fn what_the_limit_cut_off_is_told_and_decides_nothing() {
        let search = TraceSearch {
            root: "gateway".to_owned(),
            ..TraceSearch::default()
        };
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(1);
        for (count, traces, met, seen) in [
            (">= 2", 2, true, "2 traces, such as t"),
            ("< 3", 2, true, "2 traces, such as t"),
            (">= 2", MOST, true, "at least 1500 traces, such as t"),
            ("== 1500", MOST, false, "at least 1500 traces, such as t"),
        ] {
            let comparison = Comparison::parse(count).expect(count);
            let traces = vec![trace(vec![span("gateway", None, 900, false)]); traces];
            let found = judge(&search, &comparison, &traces, Timestamp::UNIX_EPOCH, now);
            assert_eq!((found.met, found.seen.as_str()), (met, seen), "{count}");
        }
    }
}
