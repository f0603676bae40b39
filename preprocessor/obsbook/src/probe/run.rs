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

/// Runs `$1`, hands on the first MiB of what it writes, and ends as it ends; a command that goes on writing is ended.
/// The shell has no name for the status of a pipe's first command, so it takes a way of its own, descriptor 3.
const BOUNDED: &str = r#"command -v head >/dev/null || exec sh -c "$1"
exec 4>&1
status=$({ { sh -c "$1" 2>&1 3>&- 4>&-; echo $? >&3; } | {
  head -c 1048576 >&4
  [ "$(head -c 1 | wc -c)" -eq 0 ] || echo "(there is more; the first MiB is read)" >&2
}; } 3>&1)
exit "$status""#;

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
    let words = ["sh", "-c", BOUNDED, "sh", command];
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_command_ends_as_it_ends_and_writes_a_bounded_output() {
        let mebibyte = 1_048_576;
        for (command, status, length, more) in [
            ("true", 0, 0, false),
            ("echo one; echo two >&2; exit 3", 3, 8, false),
            ("printf %s \"it's $0\"", 0, 7, false),
            ("exec false", 1, 0, false),
            ("nosuchcommand 2>/dev/null", 127, 0, false),
            ("head -c 1048576 /dev/zero", 0, mebibyte, false),
            ("head -c 1048577 /dev/zero; exit 4", 4, mebibyte, true),
            ("yes", 141, mebibyte, true),
        ] {
            let mut shell = Command::new("sh");
            shell.args(["-c", BOUNDED, "sh", command]);
            let output = shell.output().expect("a shell");
            let stderr = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(status), "{command}: {stderr}");
            assert_eq!(output.stdout.len(), length, "{command}");
            assert_eq!(
                stderr.contains("there is more"),
                more,
                "{command}: {stderr}"
            );
        }
    }
}
