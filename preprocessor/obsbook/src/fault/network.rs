//! Disturbing the network between two services, through the toxiproxy that stands between them.
//!
//! Its API has no token, so it listens inside its own container only; its command-line client is run there.

use obsbook_lab::block::Network;
use obsbook_lab::compose::NETWORK_LABEL;

use crate::engine::{EngineError, State};
use crate::stack::Stack;

/// The name of every toxic that obsbook adds: there is one of it on each way at most.
pub(super) const TOXIC: &str = "obsbook";

/// The way from one service to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
}

/// Why the network could not be disturbed, or calmed.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The compose files have no toxiproxy.
    #[error("no service of this stack is labelled {NETWORK_LABEL}")]
    NoProxy,
    /// No proxy stands on this way.
    #[error("no proxy stands between {from} and {to}; there is one on: {known}")]
    NoWay {
        /// The caller.
        from: String,
        /// The callee.
        to: String,
        /// The ways that have one.
        known: String,
    },
    /// The proxy's client failed.
    #[error("{service} does not do it: {reason}")]
    Refused {
        /// The service.
        service: String,
        /// The client's own words.
        reason: String,
    },
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl NetworkError {
    /// Returns whether the lab asks for something that can never be had.
    pub(super) fn is_invalid(&self) -> bool {
        matches!(self, Self::NoProxy | Self::NoWay { .. })
    }
}

impl Way<'_> {
    pub(super) fn proxy(&self) -> String {
        format!("{}-to-{}", self.from, self.to)
    }

    /// Returns the arguments with which the proxies' client disturbs the way; `None` for what has no toxic: no connections at all.
    pub(super) fn toxic(&self, how: &Network) -> Option<Vec<String>> {
        let (kind, attributes) = match how {
            Network::Latency { by_ms, jitter_ms } => (
                "latency",
                vec![format!("latency={by_ms}"), format!("jitter={jitter_ms}")],
            ),
            Network::Bandwidth { rate_kb } => ("bandwidth", vec![format!("rate={rate_kb}")]),
            Network::Timeout { after_ms } => ("timeout", vec![format!("timeout={after_ms}")]),
            Network::Reset => ("reset_peer", vec!["timeout=0".to_owned()]),
            Network::Down => return None,
        };
        let mut command = ["toxic", "add", "-t", kind, "-n", TOXIC, "--downstream"]
            .map(str::to_owned)
            .to_vec();
        for attribute in attributes {
            command.extend(["-a".to_owned(), attribute]);
        }
        command.push(self.proxy());
        Some(command)
    }

    /// Disturbs the way; an earlier disturbance of obsbook's is replaced.
    pub(super) async fn disturb(&self, stack: &Stack, how: &Network) -> Result<(), NetworkError> {
        self.calm(stack).await?;
        let Some(command) = self.toxic(how) else {
            return self.enable(stack, false).await;
        };
        let command: Vec<_> = command.iter().map(String::as_str).collect();
        // An unknown flag prints the usage and succeeds.
        match client(stack, &command).await? {
            Some(said) if !said.starts_with("Added") => Err(refused(stack, said)),
            Some(_) => Ok(()),
            None => Err(refused(stack, "it does not run".to_owned())),
        }
    }

    /// Takes away what obsbook did to the way, if it did anything. A proxy that is not there, or down, disturbs nothing.
    pub(super) async fn calm(&self, stack: &Stack) -> Result<(), NetworkError> {
        let proxy = self.proxy();
        let Some(state) = self.state(stack).await? else {
            return Ok(());
        };
        if !state.enabled {
            self.enable(stack, true).await?;
        }
        if state.disturbed {
            client(stack, &["toxic", "remove", "-n", TOXIC, &proxy]).await?;
        }
        Ok(())
    }

    /// Lets connections be made, or not. The client's own `toggle` would do the opposite when it is done twice.
    async fn enable(&self, stack: &Stack, enabled: bool) -> Result<(), NetworkError> {
        let body = format!("{{\"enabled\":{enabled}}}");
        let path = format!("/proxies/{}", self.proxy());
        api(stack, &path, &body).await
    }

    async fn state(&self, stack: &Stack) -> Result<Option<ProxyState>, NetworkError> {
        let proxy = self.proxy();
        let Some(list) = client(stack, &["list"]).await? else {
            return Ok(None);
        };
        let proxies = proxies(&list);
        let Some(found) = proxies.iter().find(|(name, _)| *name == proxy) else {
            let known = proxies.iter().map(|(name, _)| name.replace("-to-", " to "));
            return Err(NetworkError::NoWay {
                from: self.from.to_owned(),
                to: self.to.to_owned(),
                known: known.collect::<Vec<_>>().join(", "),
            });
        };
        let enabled = found.1;
        let inspected = client(stack, &["inspect", &proxy])
            .await?
            .unwrap_or_default();
        Ok(Some(ProxyState {
            enabled,
            disturbed: inspected.contains(TOXIC),
        }))
    }
}

struct ProxyState {
    enabled: bool,
    disturbed: bool,
}

/// Takes everything away that disturbs any way, whoever made it.
pub(super) async fn calm_all(stack: &Stack) -> Result<(), NetworkError> {
    api(stack, "/reset", "").await
}

/// The names of the proxies in the client's list, and whether each is enabled.
fn proxies(list: &str) -> Vec<(&str, bool)> {
    list.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next().filter(|name| name.contains("-to-"))?;
            Some((name, words.any(|word| word == "enabled")))
        })
        .collect()
}

/// Posts to the proxies' API, from inside their container; nothing is done when that does not run.
async fn api(stack: &Stack, path: &str, body: &str) -> Result<(), NetworkError> {
    let url = format!("http://127.0.0.1:8474{path}");
    let command = ["wget", "-q", "-O", "-", "--post-data", body, &url];
    run(stack, &command).await.map(drop)
}

/// Runs the proxies' own client; `None` when their container does not run.
async fn client(stack: &Stack, arguments: &[&str]) -> Result<Option<String>, NetworkError> {
    run(stack, &[&["toxiproxy-cli"], arguments].concat()).await
}

async fn run(stack: &Stack, command: &[&str]) -> Result<Option<String>, NetworkError> {
    let service = stack
        .model()
        .labelled(NETWORK_LABEL)
        .ok_or(NetworkError::NoProxy)?;
    let container = stack.container(service).await?;
    let Some(container) = container.filter(|container| container.state == State::Running) else {
        return Ok(None);
    };
    let output = stack.engine().exec(&container.id, command).await?;
    if output.status == 0 {
        return Ok(Some(output.stdout));
    }
    let said = format!("{}{}", output.stdout, output.stderr);
    Err(refused(stack, said))
}

fn refused(stack: &Stack, said: String) -> NetworkError {
    NetworkError::Refused {
        service: stack
            .model()
            .labelled(NETWORK_LABEL)
            .unwrap_or_default()
            .to_owned(),
        reason: said.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clients_list_says_which_proxies_are_enabled() {
        let list = "order-api-to-redis\t[::]:16379\tredis:6379\tenabled\t1\nweb-gateway-to-order-api\t[::]:15051\torder-api:50051\tdisabled\t0\n";
        let expected = [
            ("order-api-to-redis", true),
            ("web-gateway-to-order-api", false),
        ];
        assert_eq!(proxies(list), expected);
    }
}
