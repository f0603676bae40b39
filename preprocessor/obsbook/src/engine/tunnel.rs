//! The way to an engine behind `ssh`: its socket, and the ports that its containers publish there.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::address::SshAddress;
use super::error::EngineError;

/// How long `ssh` may take to reach the other machine.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

/// A running `ssh`, which ends with it.
#[derive(Debug)]
pub(super) struct Tunnel {
    _ssh: Child,
    folder: TempDir,
    proxy_port: u16,
}

impl Tunnel {
    /// Opens the way, with the keys, the agent and the settings that `ssh` finds by itself.
    ///
    /// # Errors
    /// What `ssh` said.
    pub(super) async fn open(address: &SshAddress) -> Result<Self, EngineError> {
        let failed = |cause: String| EngineError::Tunnel {
            address: address.to_string(),
            destination: address.destination.clone(),
            cause,
        };
        let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        let said = folder.path().join("ssh.log");
        let log = File::create(&said).map_err(|error| failed(error.to_string()))?;
        // The port is free when this ends; `ssh` says so if somebody takes it meanwhile.
        let proxy_port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| failed(error.to_string()))?
            .port();
        let mut command = Command::new("ssh");
        for option in [
            "BatchMode=yes",
            "ConnectTimeout=15",
            "ControlMaster=no",
            "ControlPath=none",
            "ExitOnForwardFailure=yes",
            "ServerAliveInterval=15",
        ] {
            command.args(["-o", option]);
        }
        if let Some(port) = address.port {
            command.args(["-p", &port.to_string()]);
        }
        let forward = format!(
            "{}:{}",
            folder.path().join("engine.sock").display(),
            address.socket
        );
        command.args(["-T", "-D", &format!("127.0.0.1:{proxy_port}")]);
        // It ends with its input, so also when we are killed.
        command.args(["-L", &forward, "--", &address.destination, "cat"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut ssh = command
            .spawn()
            .map_err(|error| failed(format!("ssh: {error}")))?;
        let begun = Instant::now();
        loop {
            let ended = ssh.try_wait().map_err(|error| failed(error.to_string()))?;
            if ended.is_some() || begun.elapsed() > PATIENCE {
                let text = std::fs::read_to_string(&said).unwrap_or_default();
                let last = text.lines().rfind(|line| !line.trim().is_empty());
                return Err(failed(last.unwrap_or("no answer in time").to_owned()));
            }
            let tunnel = folder.path().join("engine.sock");
            if UnixStream::connect(tunnel).await.is_ok() {
                return Ok(Self {
                    _ssh: ssh,
                    folder,
                    proxy_port,
                });
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns this machine's end of the engine's socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    /// Returns the proxy through which the other machine's own loopback is reached.
    pub(super) fn proxy(&self) -> String {
        format!("socks5://127.0.0.1:{}", self.proxy_port)
    }
}
