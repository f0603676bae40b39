//! The probe `container`: what the engine says of a service's container.

use obsbook_lab::block::{ContainerExpectation, ContainerState};

use super::observe::{Baseline, Observation, ProbeError};
use crate::engine::{Container, Health, State};
use crate::stack::Stack;

pub(super) async fn observe(
    stack: &Stack,
    service: &str,
    expectation: &ContainerExpectation,
    baseline: &Baseline,
) -> Result<Observation, ProbeError> {
    let Some(container) = stack.container(service).await? else {
        return Ok(Observation::now(false, "no container"));
    };
    let seen = describe(&container);
    Ok(match expectation {
        ContainerExpectation::Is(state) => Observation::now(is(&container, *state), seen),
        ContainerExpectation::IsNot(state) => Observation::now(!is(&container, *state), seen),
        ContainerExpectation::Memory(comparison) => {
            #[expect(clippy::cast_precision_loss, reason = "it is shown in MiB")]
            let mib = stack.engine().memory_usage(&container.id).await? as f64 / 1_048_576.0;
            let seen = format!("{mib:.0} MiB, {seen}");
            Observation::of(comparison.holds(mib), mib, seen)
        }
        ContainerExpectation::Restarts(comparison) => {
            let before = baseline.restarts.get(service).copied().unwrap_or_default();
            // The engine's count begins anew when somebody starts the container by hand.
            let since = if container.restarts >= before {
                container.restarts - before
            } else {
                container.restarts
            };
            #[allow(clippy::cast_precision_loss)]
            let value = since as f64;
            Observation {
                met: comparison.holds(value),
                value: Some(value),
                seen: format!("{since} restarts, {seen}"),
                evidence: None,
            }
        }
    })
}

fn is(container: &Container, state: ContainerState) -> bool {
    match state {
        ContainerState::Healthy => {
            container.state == State::Running && container.health == Health::Healthy
        }
        ContainerState::Unhealthy => {
            container.state == State::Running && container.health == Health::Unhealthy
        }
        ContainerState::Running => container.state == State::Running,
        ContainerState::Paused => container.state == State::Paused,
        ContainerState::Restarting => container.state == State::Restarting,
        ContainerState::Exited => matches!(container.state, State::Exited | State::Dead),
    }
}

/// Returns the state in words: `running, healthy`, `exited with 137`.
pub(super) fn describe(container: &Container) -> String {
    let state = format!("{:?}", container.state).to_lowercase();
    match (container.state, container.health, container.exit_code) {
        (State::Running, Health::None, _) => state,
        (State::Running, health, _) => format!("{state}, {}", format!("{health:?}").to_lowercase()),
        (State::Exited | State::Dead, _, Some(code)) => format!("{state} with {code}"),
        _ => state,
    }
}

pub(super) async fn explain(stack: &Stack, service: &str) -> Vec<String> {
    match stack.container(service).await {
        Ok(Some(container)) => {
            let mut lines = vec![format!("{service} is {}", describe(&container))];
            let tail = stack
                .engine()
                .log_tail(&container.id, 5)
                .await
                .unwrap_or_default();
            lines.extend(tail.into_iter().map(|line| format!("{service} | {line}")));
            lines
        }
        Ok(None) => vec![format!("{service} has no container in this stack")],
        Err(error) => vec![error.to_string()],
    }
}
