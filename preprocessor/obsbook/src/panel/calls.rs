//! Who calls whom, from the traces of the last minutes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use obsbook_lab::chart::{Call, Graph, Node, Tone, graph};

use super::show::Window;
use super::view::PanelView;
use crate::probe::{Dependency, ProbeError};
use crate::stack::{Kind, Stack};

pub(super) async fn graph_of(
    stack: &Stack,
    id: &str,
    window: Window,
) -> Result<PanelView, ProbeError> {
    let calls = calls(stack, window.from, window.now).await?;
    if calls.is_empty() {
        return Ok(PanelView::Nothing {
            words: "no traces in this time".to_owned(),
        });
    }
    Ok(PanelView::Chart {
        svg: drawn(&format!("panel-{id}"), &calls, |_| (String::new(), None)),
        table: None,
    })
}

/// Returns a drawing of who called whom since `from`, on our clock, each with what `said` says of it; none where there are no traces.
///
/// # Errors
/// Jaeger does not answer.
pub async fn service_map(
    stack: &Stack,
    from: Timestamp,
    said: impl Fn(&str) -> (String, Option<Tone>),
) -> Result<Option<String>, ProbeError> {
    let calls = calls(stack, from, Timestamp::now()).await?;
    Ok((!calls.is_empty()).then(|| drawn("service-map", &calls, said)))
}

async fn calls(
    stack: &Stack,
    from: Timestamp,
    now: Timestamp,
) -> Result<Vec<Dependency>, ProbeError> {
    let away = |error| ProbeError::from_query(stack, Kind::Jaeger, error);
    let jaeger = stack.jaeger().await?;
    jaeger.dependencies(from, now).await.map_err(away)
}

fn drawn(id: &str, calls: &[Dependency], said: impl Fn(&str) -> (String, Option<Tone>)) -> String {
    let names: BTreeSet<&str> = calls
        .iter()
        .flat_map(|call| [call.parent.as_str(), call.child.as_str()])
        .collect();
    let nodes = names.into_iter().map(|name| {
        let (words, tone) = said(name);
        Node {
            name: name.to_owned(),
            words,
            tone,
        }
    });
    let arrows = calls.iter().map(|call| Call {
        from: call.parent.clone(),
        to: call.child.clone(),
        words: call.call_count.to_string(),
    });
    graph(&Graph {
        id: id.to_owned(),
        title: "Which service calls which".to_owned(),
        nodes: nodes.collect(),
        calls: arrows.collect(),
    })
}
