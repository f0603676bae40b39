//! Where the engine answers: the same answer that the `docker` command would find.

use std::net::IpAddr;
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
    /// A socket of another machine, through `ssh`.
    Ssh(SshAddress),
}

/// An engine behind `ssh`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshAddress {
    /// The machine as `ssh` takes it: a name, an address or a `Host` of its settings, after `USER@` if need be.
    pub destination: String,
    /// The port of its `sshd`, where it is not the usual one.
    pub port: Option<u16>,
    /// The engine's socket on that machine.
    pub socket: String,
}

impl std::fmt::Display for SshAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ssh://{}", self.destination)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if self.socket != DEFAULT_SOCKET {
            f.write_str(&self.socket)?;
        }
        Ok(())
    }
}

impl SshAddress {
    /// Reads what follows `ssh://`. A dash in front would be an option of `ssh`.
    fn parse(text: &str) -> Option<Self> {
        let (authority, socket) = match text.find('/') {
            Some(slash) if slash + 1 < text.len() => text.split_at(slash),
            Some(slash) => (&text[..slash], DEFAULT_SOCKET),
            None => (text, DEFAULT_SOCKET),
        };
        let (destination, port) = match authority.rsplit_once(':') {
            Some((destination, port)) => (destination, Some(port.parse().ok()?)),
            None => (authority, None),
        };
        let is_name = !destination.is_empty() && !destination.starts_with('-');
        is_name.then(|| Self {
            destination: destination.to_owned(),
            port,
            socket: socket.to_owned(),
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Address::Socket(path) => write!(f, "unix://{}", path.display()),
            Address::Tcp(authority) => write!(f, "tcp://{authority}"),
            Address::Ssh(address) => address.fmt(f),
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
        if tls {
            address.under_tls()
        } else {
            Ok(address)
        }
    }

    /// Refuses an address that would be spoken to under TLS, as the `docker` command does with keys.
    fn under_tls(self) -> Result<Address, EngineError> {
        match self {
            Address::Tcp(authority) => Err(EngineError::UnsupportedAddress {
                address: format!("tcp://{authority} (TLS)"),
            }),
            other => Ok(other),
        }
    }

    /// Reads an address as `DOCKER_HOST` spells it.
    ///
    /// # Errors
    /// `UnsupportedAddress` for anything but `unix://`, `ssh://`, and plain `tcp://` or `http://`.
    pub fn parse(text: &str) -> Result<Address, EngineError> {
        if let Some(path) = text.strip_prefix("unix://") {
            return Ok(Address::Socket(path.into()));
        }
        if let Some(address) = text.strip_prefix("ssh://").and_then(SshAddress::parse) {
            return Ok(Address::Ssh(address));
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
            // Behind `ssh` ports of this machine lead to those of the other one.
            Address::Socket(_) | Address::Ssh(_) => "127.0.0.1",
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

    /// Returns whether a port that the engine's machine serves on `host_ip` is reached from this one.
    pub fn reaches(&self, host_ip: &str) -> bool {
        let ip = host_ip.parse::<IpAddr>();
        let is_loopback = ip.is_ok_and(|ip| ip.is_loopback());
        match self {
            // `ssh` ends on that machine, where its loopback is.
            Address::Socket(_) | Address::Ssh(_) => true,
            Address::Tcp(_) => !is_loopback || !self.is_elsewhere(),
        }
    }

    /// Returns whether the engine is on another machine, which does not see this one's files.
    pub fn is_elsewhere(&self) -> bool {
        let here = ["localhost", "127.0.0.1", "[::1]"];
        match self {
            Address::Socket(_) => false,
            Address::Ssh(_) => true,
            Address::Tcp(_) => !here.contains(&self.host_for_ports()),
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
        (Some(name), Some(config)) => of_context(name, config),
    }
}

/// Contexts lie in folders named after the digest of their name.
fn folder_of(context: &str) -> String {
    let digest = Sha256::digest(context);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of_context(name: &str, config: &Path) -> Result<Address, EngineError> {
    let failed = |cause: String| EngineError::Context {
        name: name.to_owned(),
        cause,
    };
    let folder = folder_of(name);
    let path = config.join("contexts/meta").join(&folder).join("meta.json");
    let text = std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
    let meta: Value = serde_json::from_str(&text).map_err(|error| failed(error.to_string()))?;
    let host = meta
        .pointer("/Endpoints/docker/Host")
        .and_then(Value::as_str)
        .ok_or_else(|| failed("it names no Docker endpoint".to_owned()))?;
    let address = Address::parse(host)?;
    // A context is one of TLS if it has keys, which lie in a folder of their own, or trusts any.
    let skips_check = meta.pointer("/Endpoints/docker/SkipTLSVerify");
    let keys = config.join("contexts/tls").join(&folder).join("docker");
    let has_keys = std::fs::read_dir(keys).is_ok_and(|mut keys| keys.next().is_some());
    if has_keys || skips_check.and_then(Value::as_bool) == Some(true) {
        return address.under_tls();
    }
    Ok(address)
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
        let meta = config.path().join("contexts/meta").join(folder_of("class"));
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
    fn a_context_of_tls_is_refused() {
        let check = |endpoint: &str, has_keys: bool, expected: &str| {
            let config = tempfile::tempdir().unwrap();
            let meta = config.path().join("contexts/meta").join(folder_of("class"));
            std::fs::create_dir_all(&meta).unwrap();
            let text = format!(r#"{{"Endpoints":{{"docker":{endpoint}}}}}"#);
            std::fs::write(meta.join("meta.json"), text).unwrap();
            if has_keys {
                let keys = config.path().join("contexts/tls").join(folder_of("class"));
                let keys = keys.join("docker");
                std::fs::create_dir_all(&keys).unwrap();
                std::fs::write(keys.join("ca.pem"), "").unwrap();
            }
            let found = resolve(None, Some("class".to_owned()), Some(config.path()));
            let found = found.map_or_else(|error| error.to_string(), |address| address.to_string());
            assert!(found.starts_with(expected), "{found}");
        };
        let plain = r#"{"Host":"tcp://lab:2375","SkipTLSVerify":false}"#;
        let unchecked = r#"{"Host":"tcp://lab:2376","SkipTLSVerify":true}"#;
        let ssh = r#"{"Host":"ssh://lab","SkipTLSVerify":false}"#;
        check(plain, false, "tcp://lab:2375");
        check(
            plain,
            true,
            "an engine at tcp://lab:2375 (TLS) cannot be used",
        );
        check(
            unchecked,
            false,
            "an engine at tcp://lab:2376 (TLS) cannot be used",
        );
        check(ssh, true, "ssh://lab");
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
        check("ssh://me@lab", "127.0.0.1");
    }

    #[test]
    fn an_engine_behind_ssh_has_a_machine_a_port_and_a_socket() {
        let check = |address: &str, expected: Option<(&str, Option<u16>, &str)>| {
            let found = Address::parse(address).ok().map(|address| match address {
                Address::Ssh(ssh) => (ssh.destination, ssh.port, ssh.socket),
                other => panic!("{other}"),
            });
            let expected =
                expected.map(|(name, port, socket)| (name.to_owned(), port, socket.to_owned()));
            assert_eq!(found, expected, "{address}");
        };
        check("ssh://me@lab", Some(("me@lab", None, DEFAULT_SOCKET)));
        check("ssh://lab:2222/", Some(("lab", Some(2222), DEFAULT_SOCKET)));
        check(
            "ssh://lab/run/user/1000/docker.sock",
            Some(("lab", None, "/run/user/1000/docker.sock")),
        );
        check("ssh://-oProxyCommand=x", None);
        check("ssh://lab:port", None);
        check("ssh://", None);
        assert_eq!(
            Address::parse("ssh://me@lab:2222/run/d.sock")
                .unwrap()
                .to_string(),
            "ssh://me@lab:2222/run/d.sock"
        );
    }

    #[test]
    fn an_engine_on_another_machine_does_not_see_our_files() {
        let check = |address: &str, expected: bool| {
            assert_eq!(
                Address::parse(address).unwrap().is_elsewhere(),
                expected,
                "{address}"
            );
        };
        check("unix:///var/run/docker.sock", false);
        check("tcp://127.0.0.1:2375", false);
        check("tcp://lab:2375", true);
        check("ssh://lab", true);
    }
}
