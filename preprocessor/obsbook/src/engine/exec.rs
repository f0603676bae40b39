//! Commands run in a container, and what containers wrote and use.

use bollard::container::LogOutput;
use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use bollard::query_parameters::{LogsOptions, StatsOptions};
use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt};

use super::client::Engine;
use super::container::Container;
use super::error::EngineError;

/// What a command in a container wrote, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// Its exit status.
    pub status: i64,
}

impl Engine {
    /// Runs a command in a running container, without a shell, and waits for its end.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal (of a container that does not run). A command
    /// that fails is no error here: see [`ExecOutput::status`].
    pub async fn exec(&self, id: &str, command: &[&str]) -> Result<ExecOutput, EngineError> {
        let (stdout, stderr, status) = self.exec_bytes(id, command).await?;
        Ok(ExecOutput {
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            status,
        })
    }

    pub(super) async fn exec_bytes(
        &self,
        id: &str,
        command: &[&str],
    ) -> Result<(Vec<u8>, Vec<u8>, i64), EngineError> {
        let what = "run a command in a container";
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let made = self
            .of_container(self.docker.create_exec(id, options), what, id)
            .await?;
        let started = self.docker.start_exec(&made.id, None::<StartExecOptions>);
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        if let StartExecResults::Attached { mut output, .. } =
            self.of_container(started, what, id).await?
        {
            while let Some(part) = output.next().await {
                match part.map_err(|error| self.refusal(&error, what))? {
                    LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
                    other => stdout.extend_from_slice(other.as_ref()),
                }
            }
        }
        let ended = self
            .of_container(self.docker.inspect_exec(&made.id), what, id)
            .await?;
        Ok((stdout, stderr, ended.exit_code.unwrap_or(-1)))
    }

    /// Returns the last lines that a container wrote, both streams, oldest first.
    ///
    /// # Errors
    /// `NoSuchContainer`, or a logging driver that cannot be read.
    pub async fn log_tail(&self, id: &str, lines: usize) -> Result<Vec<String>, EngineError> {
        let options = LogsOptions {
            stdout: true,
            stderr: true,
            tail: lines.to_string(),
            ..Default::default()
        };
        let parts = self.docker.logs(id, Some(options)).try_collect::<Vec<_>>();
        let parts = self
            .of_container(parts, "read a container's log", id)
            .await?;
        let text: Vec<u8> = parts.iter().flat_map(AsRef::as_ref).copied().collect();
        Ok(String::from_utf8_lossy(&text)
            .lines()
            .map(str::to_owned)
            .collect())
    }

    /// Returns the bytes of memory that a container's processes hold: its usage minus the inactive
    /// part of the file cache, which the kernel gives back at need. 0 when it does not run.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine does not answer.
    pub async fn memory_usage(&self, id: &str) -> Result<u64, EngineError> {
        let options = StatsOptions {
            stream: false,
            one_shot: true,
        };
        let parts = self.docker.stats(id, Some(options)).try_collect::<Vec<_>>();
        let parts = self.of_container(parts, "measure a container", id).await?;
        let memory = parts
            .into_iter()
            .next()
            .and_then(|stats| stats.memory_stats);
        Ok(memory.map_or(0, |memory| {
            resident(memory.usage.unwrap_or(0), |name| {
                memory.stats.as_ref()?.get(name).copied()
            })
        }))
    }

    /// Returns what [`Engine::memory_usage`] says of each container, in their order, 0 where it cannot be measured.
    pub async fn memory_usages(&self, containers: &[Container]) -> Vec<u64> {
        // All at once: the engine takes about a second to measure one.
        join_all(containers.iter().map(async |container| {
            let usage = self.memory_usage(&container.id).await;
            usage.unwrap_or_default()
        }))
        .await
    }
}

/// Version 1 of cgroups counts the children under `total_`; version 2 always counts them.
fn resident(usage: u64, stat: impl Fn(&str) -> Option<u64>) -> u64 {
    let cache = stat("total_inactive_file")
        .or_else(|| stat("inactive_file"))
        .unwrap_or(0);
    usage.checked_sub(cache).unwrap_or(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(usage: u64, stats: &[(&str, u64)], expected: u64) {
        let stat = |name: &str| {
            stats
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        assert_eq!(resident(usage, stat), expected);
    }

    #[test]
    fn file_cache_does_not_count() {
        check(100, &[("inactive_file", 30)], 70);
        check(
            100,
            &[("inactive_file", 5), ("total_inactive_file", 40)],
            60,
        );
        check(100, &[], 100);
        check(10, &[("inactive_file", 30)], 10);
    }
}
