//! What a person types to break a stack as a lab does, and to mend it.

use std::time::Duration;

use obsbook_lab::block::{Fault, FaultKind};
use obsbook_lab::compose::{
    ComposeModel, FAULT_TOKEN_LABEL, LOAD_USERS_LABEL, NETWORK_LABEL, PORT_LABEL,
};
use serde::Serialize;

use super::api::request;
use super::load::SPAWN_RATE;
use super::network::{TOXIC, Way};

/// Two shell commands that work from any folder while the stack is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ByHand {
    /// Puts the fault in place.
    pub inject: String,
    /// Takes it back.
    pub undo: String,
}

/// Returns how `fault` is made by hand in the stack `project`; `None` when the compose files do not tell.
pub fn by_hand(
    fault: &Fault,
    model: &ComposeModel,
    project: &str,
    time_to_live: Duration,
) -> Option<ByHand> {
    let compose = format!("docker compose -p {project}");
    let from = fault.service.as_str();
    let label = |name: &str| model.services.get(from)?.labels.get(name);
    let pair = |inject: String, undo: String| Some(ByHand { inject, undo });
    let engine = |word: &str| format!("{compose} {word} {from}");
    match &fault.kind {
        FaultKind::Kill | FaultKind::Stop | FaultKind::Restart => {
            pair(engine(fault.kind.word()), engine("start"))
        }
        // The limits of before are known to the engine alone, and a file is mounted by obsbook.
        FaultKind::Limits { .. } | FaultKind::Config { .. } => None,
        FaultKind::Pause => pair(engine("pause"), engine("unpause")),
        FaultKind::Network { to, toxic } => {
            let proxies = model.labelled(NETWORK_LABEL)?;
            let way = Way { from, to };
            let inside = format!("{compose} exec -T {proxies}");
            match way.toxic(toxic) {
                Some(command) => pair(
                    format!("{inside} toxiproxy-cli {}", command.join(" ")),
                    format!(
                        "{inside} toxiproxy-cli toxic remove -n {TOXIC} {}",
                        way.proxy()
                    ),
                ),
                None => {
                    let toggle = format!("{inside} toxiproxy-cli toggle {}", way.proxy());
                    pair(toggle.clone(), toggle)
                }
            }
        }
        FaultKind::Load { users } => {
            let port = label(PORT_LABEL)?;
            let usual = label(LOAD_USERS_LABEL)?;
            let ask = |users: &str| {
                format!(
                    "curl -d user_count={users} -d spawn_rate={SPAWN_RATE} http://$({compose} port {from} {port})/swarm"
                )
            };
            pair(ask(&users.to_string()), ask(usual))
        }
        kind => {
            let port = model.services.get(from)?.fault_port()?;
            let token = label(FAULT_TOKEN_LABEL)?;
            let (method, body) = request(kind, time_to_live);
            let curl = |method: &str, body: &str| {
                format!(
                    "curl -X {method} -H \"Authorization: Bearer $({compose} exec -T {from} cat {token})\"{body} http://$({compose} port {from} {port})/faults/{}",
                    kind.word()
                )
            };
            let json = format!(" -H 'Content-Type: application/json' -d '{body}'");
            let undo = match kind {
                // The process that comes back is whole.
                FaultKind::Crash => engine("start"),
                _ => curl("DELETE", ""),
            };
            pair(curl(method.as_str(), &json), undo)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use obsbook_lab::block::Network;

    use super::*;

    const FILE: &str = r#"
services:
  order-api:
    labels: {dev.obsbook.faults.port: "9900", dev.obsbook.faults.token: /run/token}
  traffic:
    labels: {dev.obsbook.load: locust, dev.obsbook.load.users: "10", dev.obsbook.port: "8089"}
  toxiproxy:
    labels: {dev.obsbook.network: toxiproxy}
"#;

    fn told(service: &str, kind: FaultKind) -> String {
        let load = |_: &Path| Ok(FILE.to_owned());
        let model =
            ComposeModel::read(Path::new("compose.yaml"), &load, &|_| None).expect("a model");
        let fault = Fault {
            service: service.to_owned(),
            kind,
        };
        match by_hand(&fault, &model, "obsbook", Duration::from_secs(90)) {
            Some(ByHand { inject, undo }) => format!("{fault}\n  {inject}\n  {undo}\n"),
            None => format!("{fault}\n  -\n"),
        }
    }

    #[test]
    fn each_way_of_breaking_has_its_commands() {
        let latency = FaultKind::Latency {
            by_ms: 800,
            ratio: 0.5,
        };
        let slow = Network::Latency {
            by_ms: 300,
            jitter_ms: 0,
        };
        let network = |toxic| FaultKind::Network {
            to: "redis".to_owned(),
            toxic,
        };
        let all: String = [
            ("order-api", FaultKind::Kill),
            ("order-api", FaultKind::Pause),
            ("order-api", latency),
            ("order-api", FaultKind::Crash),
            ("order-api", network(slow)),
            ("order-api", network(Network::Down)),
            ("traffic", FaultKind::Load { users: 60 }),
            ("nobody", FaultKind::Stall),
        ]
        .into_iter()
        .map(|(service, kind)| told(service, kind))
        .collect();
        insta::assert_snapshot!(all);
    }
}
