//! Where the engine answers: the same answer that the `docker` command would find.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::EngineError;

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// How the engine is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket of this machine (or a tunnel that ends in one).
    Socket(PathBuf),
    /// Plain HTTP, `host:port`.
    Tcp(String),
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Socket(path) => write!(f, "unix://{}", path.display()),
            Address::Tcp(authority) => write!(f, "tcp://{authority}"),
        }
    }
}

impl Address {
    /// Finds the engine as the `docker` command does: `DOCKER_HOST`, else the context named by
    /// `DOCKER_CONTEXT` or by the user's `config.json`, else the default socket.
    ///
    /// # Errors
    /// A context that cannot be read, and an address of a kind that is not spoken here.
    pub fn find() -> Result<Address, EngineError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let config = variable("DOCKER_CONFIG")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".docker")));
        let tls = variable("DOCKER_TLS_VERIFY").is_some();
        let address = resolve(
            variable("DOCKER_HOST"),
            variable("DOCKER_CONTEXT"),
            config.as_deref(),
        )?;
        match address {
            Address::Tcp(authority) if tls => Err(EngineError::UnsupportedAddress {
                address: format!("tcp://{authority} (TLS)"),
            }),
            address => Ok(address),
        }
    }

    /// Reads an address as `DOCKER_HOST` spells it.
    ///
    /// # Errors
    /// `UnsupportedAddress` for anything but `unix://` and plain `tcp://` or `http://`.
    pub fn parse(text: &str) -> Result<Address, EngineError> {
        if let Some(path) = text.strip_prefix("unix://") {
            return Ok(Address::Socket(path.into()));
        }
        ["tcp://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .map(|authority| Address::Tcp(authority.trim_end_matches('/').to_owned()))
            .ok_or_else(|| EngineError::UnsupportedAddress {
                address: text.to_owned(),
            })
    }

    /// Returns the host under which ports published by this engine are reached.
    pub fn host_for_ports(&self) -> &str {
        match self {
            Address::Socket(_) => "127.0.0.1",
            Address::Tcp(authority) => {
                authority
                    .rsplit_once(':')
                    .map_or(authority, |(host, port)| {
                        // The last colon of a bare `[::1]` does not part off a port.
                        if port.ends_with(']') { authority } else { host }
                    })
            }
        }
    }
}

fn resolve(
    host: Option<String>,
    context: Option<String>,
    config: Option<&Path>,
) -> Result<Address, EngineError> {
    if let Some(host) = host {
        return Address::parse(&host);
    }
    let context = context.or_else(|| {
        let text = std::fs::read_to_string(config?.join("config.json")).ok()?;
        let config: Value = serde_json::from_str(&text).ok()?;
        Some(config.get("currentContext")?.as_str()?.to_owned())
    });
    match (context.as_deref(), config) {
        (None | Some("" | "default"), _) | (_, None) => Ok(Address::Socket(DEFAULT_SOCKET.into())),
        (Some(name), Some(config)) => Address::parse(&context_host(name, config)?),
    }
}

/// Contexts lie in folders named after the digest of their name.
fn context_host(name: &str, config: &Path) -> Result<String, EngineError> {
    let failed = |cause: String| EngineError::Context {
        name: name.to_owned(),
        cause,
    };
    let folder: String = Sha256::digest(name)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = config.join("contexts/meta").join(folder).join("meta.json");
    let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
    let meta: Value = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    meta.pointer("/Endpoints/docker/Host")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| failed("it names no Docker endpoint".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: Option<&str>, context: Option<&str>, config: Option<&Path>, expected: &str) {
        let found = resolve(host.map(Into::into), context.map(Into::into), config);
        let found = found.map_or_else(|error| error.to_string(), |address| address.to_string());
        assert_eq!(found, expected);
    }

    #[test]
    fn host_wins_over_context_wins_over_default() {
        let config = tempfile::tempdir().unwrap();
        let folder: String = Sha256::digest("class")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let meta = config.path().join("contexts/meta").join(folder);
        std::fs::create_dir_all(&meta).unwrap();
        std::fs::write(
            meta.join("meta.json"),
            r#"{"Name":"class","Endpoints":{"docker":{"Host":"unix:///run/class.sock"}}}"#,
        )
        .unwrap();
        let config = config.path();
        check(None, None, Some(config), "unix:///var/run/docker.sock");
        check(None, Some("class"), Some(config), "unix:///run/class.sock");
        check(
            Some("tcp://lab:2375"),
            Some("class"),
            Some(config),
            "tcp://lab:2375",
        );
        check(
            None,
            Some("default"),
            Some(config),
            "unix:///var/run/docker.sock",
        );
        check(
            None,
            Some("gone"),
            Some(config),
            "docker context gone cannot be read: No such file or directory (os error 2)",
        );
        std::fs::write(config.join("config.json"), r#"{"currentContext":"class"}"#).unwrap();
        check(None, None, Some(config), "unix:///run/class.sock");
        check(None, None, None, "unix:///var/run/docker.sock");
    }

    #[test]
    fn ports_are_reached_where_the_engine_is() {
        let check = |address: &str, expected: &str| {
            assert_eq!(Address::parse(address).unwrap().host_for_ports(), expected);
        };
        check("unix:///var/run/docker.sock", "127.0.0.1");
        check("tcp://lab.example:2375", "lab.example");
        check("tcp://lab.example:2375/", "lab.example");
        check("tcp://[::1]:2375", "[::1]");
        check("tcp://[::1]", "[::1]");
        assert!(Address::parse("ssh://me@lab").is_err());
    }
}
