//! Traces: a request's whole way is one trace, its log lines carry its id, and histograms point to traces.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::checklist::{Looked, Miss};
use super::logs::own_services;
use crate::stack::Stack;

/// How long ago a trace may have begun.
const RECENT: SignedDuration = SignedDuration::from_secs(60);
/// A latency histogram of the services; where its exemplars are, those of the others are.
const HISTOGRAM: &str =
    "{__name__=~\"(http_server_request|rpc_server_call)_duration_seconds_bucket\"}";

fn recent() -> Timestamp {
    Timestamp::now().checked_sub(RECENT).unwrap_or_default()
}

pub(super) async fn arrive(stack: &Stack) -> Looked {
    let jaeger = stack.jaeger().await.map_err(Miss::new)?;
    let own = own_services(stack);
    let mut longest: Vec<String> = Vec::new();
    for service in &own {
        let traces = jaeger
            .traces(service, recent(), None)
            .await
            .map_err(Miss::new)?;
        if traces.is_empty() {
            let found = format!("no span of {service} in the last {} s", RECENT.as_secs());
            return Err(Miss::with_help(found, jaeger.link(service)));
        }
        for trace in traces {
            let services = trace.services();
            if services.len() > longest.len() {
                longest = services.into_iter().map(str::to_owned).collect();
            }
        }
    }
    if own
        .iter()
        .all(|service| longest.iter().any(|found| found == service))
    {
        return Ok(format!("one trace passes {}", longest.join(", ")));
    }
    Err(Miss::new(format!(
        "no trace passes all of {}; the longest passes {}",
        own.join(", "),
        longest.join(", ")
    )))
}

pub(super) async fn reach_logs(stack: &Stack) -> Looked {
    let jaeger = stack.jaeger().await.map_err(Miss::new)?;
    let loki = stack.loki().await.map_err(Miss::new)?;
    let Some(service) = own_services(stack).last().copied() else {
        return Ok("the stack has no service of its own".to_owned());
    };
    let traces = jaeger
        .traces(service, recent(), None)
        .await
        .map_err(Miss::new)?;
    for trace in traces.iter().take(5) {
        let query = format!("{{service=~\".+\"}} | trace_id={:?}", trace.id);
        let lines = loki.lines(&query, recent(), 10).await.map_err(Miss::new)?;
        if !lines.is_empty() {
            return Ok(format!("trace {} has {} log lines", trace.id, lines.len()));
        }
    }
    Err(Miss::new(format!(
        "no log line carries the id of any of the last traces of {service}"
    )))
}

pub(super) async fn exemplars(stack: &Stack) -> Looked {
    let prometheus = stack.prometheus().await.map_err(Miss::new)?;
    let pointed_to = prometheus.exemplar_traces(HISTOGRAM, recent()).await;
    let pointed_to = pointed_to.map_err(Miss::new)?;
    if pointed_to.is_empty() {
        return Err(Miss::new("no latency histogram points to a trace"));
    }
    // Which of them are kept the sampling decides; that none is means that the two do not belong together.
    let jaeger = stack.jaeger().await.map_err(Miss::new)?;
    let mut kept = BTreeSet::new();
    for service in own_services(stack) {
        let traces = jaeger.traces(service, recent(), None).await;
        kept.extend(traces.map_err(Miss::new)?.into_iter().map(|trace| trace.id));
    }
    let mut newest_first = pointed_to.iter().rev();
    match newest_first.find(|trace| kept.contains(*trace)) {
        Some(trace) => Ok(format!(
            "latency histograms point to traces that are kept, such as {trace}"
        )),
        None => Err(Miss::new(format!(
            "none of the {} traces that latency histograms point to is kept",
            pointed_to.len()
        ))),
    }
}
