//! From `service/path` to a URL: the port that the engine published for it.

use obsbook_lab::address::Address;
use obsbook_lab::compose::PORT_LABEL;

use super::handle::Stack;
use crate::engine::{Container, EngineError, State};

/// Why an address leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum AddressProblem {
    /// The service is down, so nothing answers there.
    #[error("{0}")]
    Down(String),
    /// The address cannot be reached in this compose model.
    #[error("{0}")]
    Wrong(String),
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Stack {
    /// Returns the URL of an address in this stack.
    ///
    /// # Errors
    /// The service is down, publishes no such port, or the engine does not answer.
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
            let published = published(&container);
            AddressProblem::Wrong(format!(
                "{service} publishes {published}; give the port as `{service}:PORT{}` or label the service {PORT_LABEL}",
                address.path
            ))
        })?;
        let found = container
            .ports
            .iter()
            .find(|published| published.container == port);
        match found {
            Some(found) => Ok(format!(
                "http://{}:{}{}",
                self.engine().host_for_ports(),
                self.engine().reach(found.host).await?,
                address.path
            )),
            None => Err(AddressProblem::Wrong(format!(
                "{service} does not publish its port {port}; it publishes {}",
                published(&container)
            ))),
        }
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

fn published(container: &Container) -> String {
    let mut ports: Vec<_> = container.ports.iter().map(|port| port.container).collect();
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
