//! The way to an engine behind `ssh`: its socket, and the ports that its containers publish there.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
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
    address: SshAddress,
    /// Ports of this machine that lead to ports there, by the latter.
    ports: Mutex<BTreeMap<u16, u16>>,
}

impl Tunnel {
    /// Opens the way, with the keys, the agent and the settings that `ssh` finds by itself.
    ///
    /// # Errors
    /// What `ssh` said.
    pub(super) async fn open(address: &SshAddress) -> Result<Self, EngineError> {
        let failed = |cause: String| failure(address, cause);
        let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        let said = folder.path().join("ssh.log");
        let log = File::create(&said).map_err(|error| failed(error.to_string()))?;
        let mut command = Command::new("ssh");
        for option in [
            "BatchMode=yes",
            "ConnectTimeout=15",
            "ControlMaster=yes",
            "ControlPersist=no",
            "ExitOnForwardFailure=yes",
            "ServerAliveInterval=15",
        ] {
            command.args(["-o", option]);
        }
        command.arg("-S").arg(control(&folder));
        if let Some(port) = address.port {
            command.args(["-p", &port.to_string()]);
        }
        let forward = format!(
            "{}:{}",
            folder.path().join("engine.sock").display(),
            address.socket
        );
        // It ends with its input, so also when we are killed.
        command.args(["-T", "-L", &forward, "--", &address.destination, "cat"]);
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
                    address: address.clone(),
                    ports: Mutex::default(),
                });
            }
            sleep(PAUSE).await;
        }
    }

    /// Returns this machine's end of the engine's socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("engine.sock")
    }

    /// Returns a port of this machine that leads to `port` on the other machine's loopback.
    ///
    /// # Errors
    /// What `ssh` said.
    pub(super) async fn reach(&self, port: u16) -> Result<u16, EngineError> {
        let mut ports = self.ports.lock().await;
        if let Some(near) = ports.get(&port) {
            return Ok(*near);
        }
        let failed = |cause: String| failure(&self.address, cause);
        // The port is free when this ends; `ssh` says so if somebody takes it meanwhile.
        let near = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .map_err(|error| failed(error.to_string()))?
            .port();
        let mut command = Command::new("ssh");
        command.arg("-S").arg(control(&self.folder));
        let forward = format!("127.0.0.1:{near}:127.0.0.1:{port}");
        command.args([
            "-O",
            "forward",
            "-L",
            &forward,
            "--",
            &self.address.destination,
        ]);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await;
        let output = output.map_err(|error| failed(format!("ssh: {error}")))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let last = text.lines().rfind(|line| !line.trim().is_empty());
            return Err(failed(last.unwrap_or("ssh ended").to_owned()));
        }
        ports.insert(port, near);
        Ok(near)
    }
}

/// The socket by which the running `ssh` is asked for more.
fn control(folder: &TempDir) -> PathBuf {
    folder.path().join("control")
}

fn failure(address: &SshAddress, cause: String) -> EngineError {
    EngineError::Tunnel {
        address: address.to_string(),
        destination: address.destination.clone(),
        cause,
    }
}
