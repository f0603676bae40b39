//! From `service/path` to a URL: the port that the engine published for it.

use obsbook_lab::address::Address;
use obsbook_lab::compose::PORT_LABEL;

use super::handle::Stack;
use crate::engine::{Address as EngineAddress, Container, EngineError, Port, State};

/// Why an address leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum AddressProblem {
    /// The service is down, so nothing answers there.
    #[error("{0}")]
    Down(String),
    /// The address cannot be reached in this compose model.
    #[error("{0}")]
    Wrong(String),
    /// The port is open on the engine's machine alone.
    #[error("{0}")]
    OutOfReach(String),
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Stack {
    /// Returns the URL of an address in this stack.
    ///
    /// # Errors
    /// The service is down, publishes no such port or none that is reached from here, or the engine does not answer.
    pub async fn url(&self, address: &Address) -> Result<String, AddressProblem> {
        let service = &address.service;
        let container = self.container(service).await?;
        let container =
            container.ok_or_else(|| AddressProblem::Down(format!("{service} has no container")))?;
        if !matches!(container.state, State::Running | State::Paused) {
            let state = format!("{:?}", container.state).to_lowercase();
            return Err(AddressProblem::Down(format!("{service} is {state}")));
        }
        let port = address.port.or_else(|| self.default_port(&container));
        let port = port.ok_or_else(|| {
            let published = published(&container.ports);
            AddressProblem::Wrong(format!(
                "{service} publishes {published}; give the port as `{service}:PORT{}` or label the service {PORT_LABEL}",
                address.path
            ))
        })?;
        let engine = self.engine();
        let found = reached(service, &container.ports, port, engine.address())?;
        Ok(format!(
            "http://{}:{}{}",
            engine.host_for_ports(),
            engine.reach(found.host).await?,
            address.path
        ))
    }

    /// Returns the address of a path of a service's fault API.
    ///
    /// # Errors
    /// The service has none, in words.
    pub fn fault_address(&self, service: &str, path: &str) -> Result<Address, String> {
        let port = self
            .model()
            .services
            .get(service)
            .and_then(|service| service.fault_port());
        let port = port.ok_or_else(|| format!("{service} has no fault API"))?;
        Ok(Address {
            service: service.to_owned(),
            port: Some(port),
            path: path.to_owned(),
        })
    }

    fn default_port(&self, container: &Container) -> Option<u16> {
        let label = self
            .model()
            .services
            .get(&container.service)?
            .labels
            .get(PORT_LABEL);
        match (label, container.ports.as_slice()) {
            (Some(label), _) => label.parse().ok(),
            (None, [only]) => Some(only.container),
            // The same port for IPv4 and IPv6 is one port.
            (None, [first, rest @ ..])
                if rest.iter().all(|port| port.container == first.container) =>
            {
                Some(first.container)
            }
            _ => None,
        }
    }
}

/// Returns where the engine's machine serves `port` of a service, such that it is reached from here.
fn reached<'p>(
    service: &str,
    ports: &'p [Port],
    port: u16,
    engine: &EngineAddress,
) -> Result<&'p Port, AddressProblem> {
    let all: Vec<&Port> = ports.iter().filter(|own| own.container == port).collect();
    let here = all.iter().find(|own| engine.reaches(&own.host_ip));
    match (here.copied(), all.first()) {
        (Some(here), _) => Ok(here),
        (None, Some(there)) => {
            let host = engine.host_for_ports();
            Err(AddressProblem::OutOfReach(format!(
                "its port {port} is published on {} of {host} alone; let it listen on an address that this machine reaches \
                 (in the sandbox: OBSBOOK_BIND), or let ssh lead there: export DOCKER_HOST=ssh://{host}",
                there.host_ip
            )))
        }
        (None, None) => Err(AddressProblem::Wrong(format!(
            "{service} does not publish its port {port}; it publishes {}",
            published(ports)
        ))),
    }
}

fn published(ports: &[Port]) -> String {
    let mut ports: Vec<_> = ports.iter().map(|port| port.container).collect();
    ports.sort_unstable();
    ports.dedup();
    match ports.as_slice() {
        [] => "no port".to_owned(),
        ports => ports
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(engine: &str, published_on: &[(&str, u16)], expected: Result<u16, &str>) {
        let port = |(host_ip, host): &(&str, u16)| Port {
            container: 9090,
            host_ip: (*host_ip).to_owned(),
            host: *host,
        };
        let ports: Vec<_> = published_on.iter().map(port).collect();
        let engine = EngineAddress::parse(engine).unwrap();
        let found = reached("prometheus", &ports, 9090, &engine);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.host, expected),
            (Err(problem), Err(words)) => assert!(problem.to_string().contains(words), "{problem}"),
            (found, expected) => panic!("{found:?}, not {expected:?}, at {engine}"),
        }
    }

    #[test]
    fn a_port_on_the_loopback_of_another_machine_is_out_of_reach() {
        let out_of_reach = "published on 127.0.0.1 of lab alone";
        check("tcp://lab:2375", &[("127.0.0.1", 1)], Err(out_of_reach));
        check(
            "tcp://lab:2375",
            &[("127.0.0.1", 1)],
            Err("DOCKER_HOST=ssh://lab"),
        );
        check("tcp://lab:2375", &[("::1", 1)], Err("on ::1 of lab"));
        check(
            "tcp://lab:2375",
            &[("127.0.0.1", 1), ("10.0.0.2", 2)],
            Ok(2),
        );
        check("tcp://lab:2375", &[("0.0.0.0", 1), ("::", 1)], Ok(1));
        check("tcp://lab:2375", &[("", 1)], Ok(1));
        check("tcp://127.0.0.1:2375", &[("127.0.0.1", 1)], Ok(1));
        check("unix:///var/run/docker.sock", &[("127.0.0.1", 1)], Ok(1));
        check("ssh://lab", &[("127.0.0.1", 1)], Ok(1));
        check(
            "ssh://lab",
            &[],
            Err("prometheus does not publish its port 9090"),
        );
    }
}
