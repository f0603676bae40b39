//! The probe `container`: what the engine says of a service's container.

use obsbook_lab::block::{ContainerExpectation, ContainerState};

use super::clocked::Baseline;
use super::observe::{Observation, ProbeError};
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
        // The engine says 0 of a container without processes, which is no measurement.
        ContainerExpectation::Memory(_) if !has_processes(&container) => {
            Observation::now(false, format!("no data, {seen}"))
        }
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

fn has_processes(container: &Container) -> bool {
    matches!(container.state, State::Running | State::Paused)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::LoadedBook;
    use crate::engine::{Address, Engine};
    use crate::stack::Options;
    use mdbook_core::config::Config;
    use obsbook_lab::comparison::Comparison;
    use serde_json::json;
    use wiremock::matchers::any;
    use wiremock::{Mock, MockServer, Request, ResponseTemplate};

    /// An engine with one container, of the service `target`, in this state; as the real one it measures what does not run as 0.
    async fn engine(state: &'static str) -> MockServer {
        let server = MockServer::start().await;
        let answer = move |request: &Request| {
            let path = request.url.path();
            let body = if path.ends_with("/version") {
                json!({"ApiVersion": "1.41"})
            } else if path.ends_with("/info") {
                json!({"ID": "FAKE"})
            } else if path.ends_with("/containers/json") {
                json!([{"Id": "target"}])
            } else if path.ends_with("/stats") {
                let usage = if state == "exited" { 0 } else { 30 << 20 };
                json!({"memory_stats": {"usage": usage}})
            } else if path.ends_with("/json") {
                json!({"Id": "target", "Name": "/target", "State": {"Status": state, "ExitCode": 137}, "Config": {"Image": "fake",
                    "Labels": {"com.docker.compose.project": "fake", "com.docker.compose.service": "target"}}})
            } else {
                return ResponseTemplate::new(200).set_body_string("OK");
            };
            ResponseTemplate::new(200).set_body_json(body)
        };
        Mock::given(any()).respond_with(answer).mount(&server).await;
        server
    }

    async fn check(state: &'static str, met: bool, seen: &str) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        std::fs::create_dir(folder.path().join("src")).unwrap();
        write("compose.yaml", "name: fake\nservices:\n  target: {}\n").unwrap();
        write("src/SUMMARY.md", "# Summary\n").unwrap();
        let mut config = Config::default();
        config
            .set("preprocessor.obsbook.compose", "compose.yaml")
            .unwrap();
        let book = LoadedBook::with_config(folder.path(), &config).unwrap();
        let server = engine(state).await;
        let address = Address::Tcp(server.address().to_string());
        let engine = Engine::connect_to(address).await.unwrap();
        let stack = Stack::on(engine, &book, &Options::default()).unwrap();
        let comparison = Comparison::parse("< 50").unwrap();
        let expectation = ContainerExpectation::Memory(comparison);
        let found = observe(&stack, "target", &expectation, &Baseline::default()).await;
        let found = found.unwrap();
        assert_eq!((found.met, found.seen.as_str()), (met, seen));
    }

    #[tokio::test]
    async fn the_memory_of_what_does_not_run_satisfies_nothing() {
        check("running", true, "30 MiB, running").await;
        check("paused", true, "30 MiB, paused").await;
        check("exited", false, "no data, exited with 137").await;
        check("restarting", false, "no data, restarting").await;
    }
}
