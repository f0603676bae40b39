//! Logs: each of the stack's own services is heard of.

use jiff::{SignedDuration, Timestamp};

use super::checklist::{Looked, Miss};
use crate::stack::Stack;

/// How old the newest line may be.
const RECENT: SignedDuration = SignedDuration::from_secs(30);

/// Returns the services that the stack is there for: those that carry faults.
pub(super) fn own_services(stack: &Stack) -> Vec<&str> {
    let services = stack.model().services.iter();
    let own = services.filter(|(_, service)| service.fault_port().is_some());
    own.map(|(name, _)| name.as_str()).collect()
}

pub(super) async fn arrive(stack: &Stack) -> Looked {
    let loki = stack.loki().await.map_err(Miss::new)?;
    let from = Timestamp::now().checked_sub(RECENT).unwrap_or_default();
    let mut newest = Vec::new();
    for service in own_services(stack) {
        let query = format!("{{service={service:?}}}");
        let lines = loki.lines(&query, from, 1).await.map_err(Miss::new)?;
        let Some(line) = lines.first() else {
            let found = format!("no line of {service} in the last {} s", RECENT.as_secs());
            return Err(Miss::with_help(found, loki.link(&query)));
        };
        newest.push(line.at);
    }
    let oldest = newest.iter().min();
    let age = oldest.map_or(0.0, |at| Timestamp::now().duration_since(*at).as_secs_f64());
    Ok(format!(
        "lines of {} services, the newest of each at most {age:.1} s old",
        newest.len()
    ))
}
