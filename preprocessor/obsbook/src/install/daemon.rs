//! Starting the engine, and ending the one that was started here.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::command::{CommandLine, Log, OnProgress};
use super::error::InstallError;
use super::host::{Host, Privilege, find_program};
use super::process::ProcessId;
use crate::engine::{Address, Engine, EngineError, state_dir, systemd_runs};
use crate::images::Progress;

/// How long an engine may take from its start to its first answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long an engine may take to stop its containers and itself.
const FAREWELL: Duration = Duration::from_secs(60);

/// An engine of this machine that may be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Daemon {
    /// Where it will answer; none is where the `docker` command looks.
    pub(super) address: Option<Address>,
    /// The program and its arguments.
    pub(super) program: Vec<String>,
    /// The folder of its log and its record.
    pub(super) state: PathBuf,
}

impl Default for Daemon {
    fn default() -> Daemon {
        let dockerd = find_program("dockerd").unwrap_or_else(|| "dockerd".into());
        Daemon {
            address: None,
            program: vec![dockerd.to_string_lossy().into_owned()],
            state: state_dir(),
        }
    }
}

impl Daemon {
    /// Returns the command that starts it.
    pub(super) fn command(&self, privilege: Privilege) -> CommandLine {
        if self.is_service() {
            return CommandLine::for_root(privilege, ["systemctl", "start", "docker"]);
        }
        // A session of its own, so that neither Ctrl-C nor the end of the terminal reaches it. The
        // shell turns into the engine, so its number is the engine's.
        let script = r#"echo $$ > "$1"; log="$2"; shift 2; exec "$@" >> "$log" 2>&1"#;
        let pid = self.pid_file().to_string_lossy().into_owned();
        let log = self.log().to_string_lossy().into_owned();
        let words = ["setsid", "--fork", "sh", "-c", script, "sh", &pid, &log];
        CommandLine::for_root(
            privilege,
            words
                .into_iter()
                .chain(self.program.iter().map(String::as_str)),
        )
    }

    /// Starts it unless it answers, and waits until it does.
    pub(super) async fn start(
        &self,
        host: &Host,
        log: &mut Log,
        on_progress: OnProgress<'_>,
    ) -> Result<(), InstallError> {
        // Installing the package may have started it.
        if self.answers().await {
            return Ok(());
        }
        std::fs::create_dir_all(&self.state)
            .map_err(|error| InstallError::file(&self.state, &error))?;
        if !self.is_service() {
            // Made by us, so that it is ours to read when the engine writes it as root.
            let made =
                std::fs::write(self.log(), "").and_then(|()| std::fs::write(self.pid_file(), ""));
            made.map_err(|error| InstallError::file(self.log(), &error))?;
        }
        log.run_as_root(host.privilege, &self.command(host.privilege), on_progress)
            .await?;
        on_progress(Progress::Line(
            "waiting for the engine to answer".to_owned(),
        ));
        let begun = Instant::now();
        let mut recorded = false;
        while begun.elapsed() < PATIENCE {
            if let Some(pid) = self.started_pid() {
                let Some(process) = ProcessId::of(pid) else {
                    return Err(self.silent(begun));
                };
                if !recorded {
                    let record = self.record();
                    process
                        .save(&record)
                        .map_err(|error| InstallError::file(&record, &error))?;
                    recorded = true;
                }
            }
            if self.answers().await {
                return Ok(());
            }
            sleep(Duration::from_millis(500)).await;
        }
        Err(self.silent(begun))
    }

    /// Ends it if it is the very process that was started here. Returns whether it did.
    pub(super) async fn stop(&self, host: &Host) -> Result<bool, InstallError> {
        let record = self.record();
        let Some(process) = ProcessId::load(&record).filter(ProcessId::runs) else {
            // What is recorded ended without us.
            let _ = std::fs::remove_file(&record);
            return Ok(false);
        };
        let mut log = Log::begin("stopping the Docker engine", "stop")?;
        let pid = process.pid().to_string();
        let command = CommandLine::for_root(host.privilege, ["kill", "-TERM", &pid]);
        log.run_as_root(host.privilege, &command, &mut |_| {})
            .await?;
        let begun = Instant::now();
        while process.runs() {
            if begun.elapsed() > FAREWELL {
                return Err(log.failure(format!("process {pid} is still running")));
            }
            sleep(Duration::from_millis(200)).await;
        }
        let _ = std::fs::remove_file(&record);
        Ok(true)
    }

    /// systemd knows the engine of the machine, not one at another address.
    fn is_service(&self) -> bool {
        self.address.is_none() && systemd_runs()
    }

    async fn answers(&self) -> bool {
        let engine = match &self.address {
            None => Engine::connect().await,
            Some(address) => Engine::connect_to(address.clone()).await,
        };
        // A socket that is not for us is served all the same.
        matches!(engine, Ok(_) | Err(EngineError::PermissionDenied { .. }))
    }

    fn started_pid(&self) -> Option<u32> {
        std::fs::read_to_string(self.pid_file())
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    fn silent(&self, begun: Instant) -> InstallError {
        let own = !self.is_service();
        let text = if own {
            std::fs::read_to_string(self.log()).unwrap_or_default()
        } else {
            String::new()
        };
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        InstallError::Silent {
            seconds: begun.elapsed().as_secs(),
            lines: lines[lines.len().saturating_sub(15)..].to_vec(),
            log: own.then(|| self.log()),
        }
    }

    fn log(&self) -> PathBuf {
        self.state.join("dockerd.log")
    }

    fn pid_file(&self) -> PathBuf {
        self.state.join("dockerd.pid")
    }

    fn record(&self) -> PathBuf {
        self.state.join("engine.json")
    }
}

/// Ends the engine that a `--install` of this user started, and with it its containers. Returns
/// whether there was one; an engine that somebody else started is left alone.
///
/// # Errors
/// It needs root, or does not end within a minute.
pub async fn stop_engine_we_started() -> Result<bool, InstallError> {
    Daemon::default().stop(&Host::detect()).await
}
