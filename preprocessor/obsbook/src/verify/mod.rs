//! Verifying a deployment: every signal on its whole way, from the service that sends it to the page that shows it.

mod alerts;
mod checklist;
mod dashboards;
mod logs;
mod metrics;
mod traces;

pub use checklist::checklist;
