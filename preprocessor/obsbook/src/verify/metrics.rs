//! Metrics: every target answers, every rule is evaluated.

use super::checklist::{Looked, Miss};
use crate::stack::Stack;

pub(super) async fn scrapes(stack: &Stack) -> Looked {
    let prometheus = stack.prometheus().await.map_err(Miss::new)?;
    let up = prometheus.query("up").await.map_err(Miss::new)?;
    let down: Vec<_> = up
        .iter()
        .filter(|series| series.value != 1.0)
        .filter_map(|series| series.labels.get("job").cloned())
        .collect();
    match (up.len(), down.as_slice()) {
        (0, _) => Err(Miss::new("no target has been scraped")),
        (count, []) => Ok(format!("{count} targets, all up")),
        (_, down) => Err(Miss::with_help(
            format!("down: {}", down.join(", ")),
            prometheus.link("up == 0"),
        )),
    }
}

pub(super) async fn rules(stack: &Stack) -> Looked {
    let prometheus = stack.prometheus().await.map_err(Miss::new)?;
    let failures =
        "sum by (rule_group) (increase(prometheus_rule_evaluation_failures_total[1m])) > 0";
    let failing = prometheus.query(failures).await.map_err(Miss::new)?;
    if let Some(group) = failing
        .first()
        .and_then(|series| series.labels.get("rule_group"))
    {
        return Err(Miss::with_help(
            format!("rules fail in {group}"),
            prometheus.link(failures),
        ));
    }
    let alerts = prometheus.alert_names().await.map_err(Miss::new)?;
    Ok(format!("{} alerting rules, none fails", alerts.len()))
}
