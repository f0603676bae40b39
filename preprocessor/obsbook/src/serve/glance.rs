//! The stack at a glance, while somebody looks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use obsbook_lab::chart::Tone;
use serde::Serialize;

use super::hub::Hub;
use super::panels::Panels;
use super::runs::Runs;
use crate::engine::{Container, Health, State};
use crate::panel::service_map;
use crate::stack::{Journal, Stack};

/// How often the stack is looked at.
const PAUSE: Duration = Duration::from_secs(2);
/// The calls of this time are drawn.
const MAP: SignedDuration = SignedDuration::from_mins(2);

/// The stack as pages show it.
#[derive(Debug, Default, Serialize)]
struct StackView {
    project: String,
    /// The profile that is up: the largest of which every service runs.
    profile: Option<String>,
    /// The profiles that there are.
    profiles: Vec<String>,
    services: Vec<ServiceView>,
    /// What is broken, until a reset.
    in_place: Vec<String>,
    /// The way of a request, as an `svg` element.
    map: Option<String>,
    /// Why nothing is known.
    trouble: Option<String>,
}

#[derive(Debug, Serialize)]
struct ServiceView {
    service: String,
    state: String,
    tone: Tone,
    /// Bytes.
    memory: u64,
    memory_limit: Option<u64>,
    restarts: u64,
    /// Where a browser reaches it.
    addresses: Vec<String>,
}

/// Looks at the stack for as long as pages are open.
pub(super) async fn watch(runs: &Runs, panels: &Panels, hub: &Arc<Hub>) {
    loop {
        if hub.pages() > 0 {
            let view = match panels.stack(runs).await {
                Ok(stack) => look(runs, &stack).await,
                Err(trouble) => StackView {
                    trouble: Some(trouble),
                    ..StackView::default()
                },
            };
            hub.set("stack", "", &view);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn look(runs: &Runs, stack: &Stack) -> StackView {
    let profiles = stack
        .model()
        .profiles()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut view = StackView {
        project: stack.project().to_owned(),
        profiles,
        ..StackView::default()
    };
    let containers = match stack.containers().await {
        Ok(containers) => containers,
        Err(error) => {
            view.trouble = Some(error.to_string());
            return view;
        }
    };
    let usages = stack.engine().memory_usages(&containers).await;
    let services = containers
        .iter()
        .zip(usages)
        .map(|(container, memory)| service(stack, container, memory));
    view.services = services.collect();
    view.profile = profile(stack, &view.profiles, &containers);
    let (words, by_hand) = in_place(stack);
    runs.outages.by_hand(&by_hand, Timestamp::now());
    view.in_place = words;
    let from = Timestamp::now().checked_sub(MAP).unwrap_or_default();
    let services = &view.services;
    let said = |name: &str| match services.iter().find(|service| service.service == name) {
        Some(service) => (service.state.clone(), Some(service.tone)),
        None => (String::new(), None),
    };
    // A stack without traces has no map.
    let map = service_map(stack, from, said).await;
    view.map = map.ok().flatten();
    view
}

fn service(stack: &Stack, container: &Container, memory: u64) -> ServiceView {
    let host = stack.engine().host_for_ports();
    let known = stack.model().services.get(&container.service);
    let fault_port = known.and_then(|service| service.fault_port());
    // A browser is told of no port that wants a token.
    let ports = container
        .ports
        .iter()
        .filter(|port| Some(port.container) != fault_port);
    let mut addresses: Vec<_> = ports
        .map(|port| format!("http://{host}:{}", port.host))
        .collect();
    addresses.sort();
    addresses.dedup();
    let (state, tone) = state(container);
    ServiceView {
        service: container.service.clone(),
        state,
        tone,
        memory: if container.state == State::Running {
            memory
        } else {
            0
        },
        memory_limit: container.memory_limit,
        restarts: container.restarts,
        addresses,
    }
}

fn state(container: &Container) -> (String, Tone) {
    let words = |state: State| format!("{state:?}").to_lowercase();
    match (container.state, container.health, container.exit_code) {
        (State::Running, Health::None, _) => ("running".to_owned(), Tone::Good),
        (State::Running, Health::Healthy, _) => ("healthy".to_owned(), Tone::Good),
        (State::Running, Health::Unhealthy, _) => ("unhealthy".to_owned(), Tone::Bad),
        (State::Running, health, _) => (format!("{health:?}").to_lowercase(), Tone::Warn),
        (State::Exited, _, Some(0)) if container.one_shot => ("done".to_owned(), Tone::Good),
        (State::Exited, _, Some(code)) => (format!("exited with {code}"), Tone::Bad),
        (state @ (State::Paused | State::Restarting), ..) => (words(state), Tone::Warn),
        (state, ..) => (words(state), Tone::Bad),
    }
}

/// The profile with the most services of which each has a container.
fn profile(stack: &Stack, profiles: &[String], containers: &[Container]) -> Option<String> {
    let there: BTreeSet<&str> = containers
        .iter()
        .map(|container| container.service.as_str())
        .collect();
    let whole = profiles.iter().filter_map(|profile| {
        let services = stack.services_in(profile);
        let is_whole = !services.is_empty()
            && services
                .iter()
                .all(|service| there.contains(service.as_str()));
        is_whole.then_some((services.len(), profile))
    });
    whole
        .max_by_key(|(count, _)| *count)
        .map(|(_, profile)| profile.clone())
}

/// What the journal owes, in words, and of it what somebody broke by hand and does not have to find.
fn in_place(stack: &Stack) -> (Vec<String>, BTreeSet<String>) {
    let Ok(journal) = Journal::open(&stack.directory()) else {
        return Default::default();
    };
    let entries = journal.entries();
    let words = entries.iter().map(|entry| entry.words()).collect();
    let shown = entries
        .iter()
        .filter(|entry| entry.by_hand && !entry.hidden);
    (words, shown.map(|entry| entry.fault.to_string()).collect())
}
