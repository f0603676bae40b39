//! The probe `run`: a command in a service's container.

use std::time::Duration;

use obsbook_lab::block::RunExpectation;
use tokio::time::timeout;

use super::observe::{Observation, ProbeError};
use crate::engine::State;
use crate::stack::Stack;

/// A command that is a check is done by then.
const PATIENCE: Duration = Duration::from_secs(30);
/// The lines of a command's output that a failure shows.
const SHOWN: usize = 3;

pub(super) async fn observe(
    stack: &Stack,
    service: &str,
    command: &str,
    expectation: &RunExpectation,
) -> Result<Observation, ProbeError> {
    let away = |reason: String| ProbeError::Away {
        source_name: service.to_owned(),
        reason,
    };
    let container = stack.container(service).await?;
    let container = container.ok_or_else(|| away("it has no container".to_owned()))?;
    if container.state != State::Running {
        return Err(away(format!("it is {:?}", container.state).to_lowercase()));
    }
    let words = ["sh", "-c", command];
    let ended = timeout(PATIENCE, stack.engine().exec(&container.id, &words)).await;
    let Ok(output) = ended else {
        let seen = format!("no end within {} s", PATIENCE.as_secs());
        return Ok(Observation::now(false, seen));
    };
    let output = output?;
    let all = format!("{}{}", output.stdout, output.stderr);
    let lines: Vec<_> = all.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = &lines[lines.len().saturating_sub(SHOWN)..];
    let seen = format!("exit status {}, {:?}", output.status, tail.join("\n"));
    #[expect(clippy::cast_precision_loss, reason = "an exit status is small")]
    let status = output.status as f64;
    Ok(match expectation {
        RunExpectation::Exits(comparison) => {
            Observation::of(comparison.holds(status), status, seen)
        }
        RunExpectation::Prints(text) => Observation::now(all.contains(text.as_str()), seen),
    })
}

pub(super) fn explain(stack: &Stack, service: &str, command: &str) -> Vec<String> {
    vec![format!(
        "look for yourself: docker compose -p {} exec {service} sh -c '{}'",
        stack.project(),
        command.replace('\'', r"'\''")
    )]
}
