//! The `docker compose` command: what the model means, and bringing it up and down.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Weak;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::time::sleep;

use super::compose_error::{ComposeError, ComposeProblem};
use super::group::Group;

/// What receives each line that `docker compose` writes.
type OnLine<'a> = &'a mut (dyn FnMut(&str) + Send);

/// How often, and how long apart, a stack is taken down whose network the engine believes to be in use.
const DOWN_TRIES: usize = 4;
const BETWEEN_DOWNS: Duration = Duration::from_secs(1);

/// Lines of output that are kept to say why a command failed.
const KEPT: usize = 400;

/// One stack's way to call `docker compose`.
#[derive(Debug, Clone, Default)]
pub struct Compose {
    /// The folder to call it in, where `.env` lies.
    pub root: PathBuf,
    /// The compose project.
    pub project: String,
    /// The compose files; with none, `.env` decides as it does for a person who types the command.
    pub files: Vec<PathBuf>,
    /// Profiles that are active beside the one that a call names.
    pub beside: Vec<String>,
    /// Variables set for every call; they win over `.env`.
    pub env: Vec<(String, String)>,
    /// A locked file, for as long as its owner has it. A call that changes the stack holds the lock as well: it goes on
    /// when we are killed.
    pub lock: Weak<File>,
}

impl Compose {
    /// Returns a `docker compose` call with the stack's project, files and variables.
    ///
    /// It has a process group of its own, so that Ctrl-C on the terminal reaches only us, who have
    /// a stack to recover first; and it is killed when its future is dropped.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("docker");
        command
            .arg("compose")
            .args(["--ansi", "never", "--project-name", &self.project]);
        // Compose looks for .env beside the first file that it is given, not in the working folder.
        let dotenv = self.root.join(".env");
        if !self.files.is_empty() && dotenv.exists() {
            command.arg("--env-file").arg(dotenv);
        }
        for file in &self.files {
            command.arg("--file").arg(file);
        }
        for profile in &self.beside {
            command.args(["--profile", profile]);
        }
        command.args(args);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        if !self.root.as_os_str().is_empty() {
            command.current_dir(&self.root);
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }

    /// Returns the folder of the compose file.
    pub fn folder(&self) -> PathBuf {
        let file = self.files.first().and_then(|file| file.parent());
        file.unwrap_or(&self.root).to_owned()
    }

    /// Creates and starts the containers of a profile, in the background, without building. `extra`
    /// goes to `docker compose up` as it is (`--wait`, `--force-recreate`, service names).
    ///
    /// # Errors
    /// What kept the stack from coming up.
    pub async fn up(
        &self,
        profile: &str,
        extra: &[&str],
        on_line: OnLine<'_>,
    ) -> Result<(), ComposeError> {
        let args = [
            "--progress",
            "plain",
            "--profile",
            profile,
            "up",
            "--detach",
            "--no-build",
        ];
        self.stream("up", args.iter().chain(extra), on_line).await
    }

    /// Stops and deletes the containers and networks of all profiles, and the volumes if wanted. Returns what is said of a network
    /// that stays: the engine may believe for a while, or until it is started again, that a container that is gone still uses it.
    ///
    /// # Errors
    /// What the command said.
    pub async fn down(
        &self,
        volumes: bool,
        on_line: OnLine<'_>,
    ) -> Result<Option<String>, ComposeError> {
        let args = [
            "--progress",
            "plain",
            "--profile",
            "*",
            "down",
            "--remove-orphans",
        ];
        let volumes: &[&str] = if volumes { &["--volumes"] } else { &[] };
        let mut stays = None;
        for _ in 0..DOWN_TRIES {
            let down = self.stream("down", args.iter().chain(volumes), &mut *on_line);
            match down.await {
                Ok(()) => return Ok(None),
                Err(error) if error.to_string().contains("has active endpoints") => {
                    stays = Some(format!("a network stays: {error}"));
                }
                Err(error) => return Err(error),
            }
            sleep(BETWEEN_DOWNS).await;
        }
        Ok(stays)
    }

    /// Builds the images of `services`, and hands on the lines of BuildKit's plain progress.
    ///
    /// # Errors
    /// What kept an image from being built.
    pub async fn build(
        &self,
        profile: &str,
        services: &[String],
        on_line: OnLine<'_>,
    ) -> Result<(), ComposeError> {
        let args = ["--progress", "plain", "--profile", profile, "build"].map(str::to_owned);
        self.stream("build", args.iter().chain(services), on_line)
            .await
    }

    /// Returns the compose model of a profile, all variables filled in.
    ///
    /// # Errors
    /// Compose files that cannot be read, and a plug-in that is missing.
    pub async fn config_json(&self, profile: &str) -> Result<Value, ComposeError> {
        let args = ["--profile", profile, "config", "--format", "json"];
        let output = self
            .command(args)
            .output()
            .await
            .map_err(|error| spawn_error(&error))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<&str> = text.lines().collect();
            return Err(self.error("config", output.status.code(), &lines));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| ComposeError {
            command: "config".to_owned(),
            problem: ComposeProblem::Failed {
                status: None,
                lines: vec![error.to_string()],
            },
        })
    }

    /// Returns the version of the Compose plug-in, such as `2.40.3`.
    ///
    /// # Errors
    /// No `docker` command, or no plug-in.
    pub async fn version() -> Result<String, ComposeError> {
        let output = Compose::default()
            .command(["version", "--short"])
            .output()
            .await
            .map_err(|error| spawn_error(&error))?;
        if output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout);
            return Ok(text.trim().trim_start_matches('v').to_owned());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = text.lines().collect();
        Err(Compose::default().error("version", output.status.code(), &lines))
    }

    async fn stream<S: AsRef<OsStr>>(
        &self,
        name: &str,
        args: impl IntoIterator<Item = S>,
        on_line: OnLine<'_>,
    ) -> Result<(), ComposeError> {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(lock) = self.lock.upgrade() {
            // The lock belongs to the open file, which the plug-in gets from its parent. Who reads it is at its end.
            let held = lock.try_clone().map_err(|error| spawn_error(&error))?;
            command.stdin(held);
        }
        let mut child = Group::spawn(&mut command).map_err(|error| spawn_error(&error))?;
        let mut lines = child.lines();
        let mut kept: VecDeque<String> = VecDeque::with_capacity(KEPT);
        while let Some(line) = lines.recv().await {
            on_line(&line);
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(line);
        }
        let status = child.wait().await.map_err(|error| spawn_error(&error))?;
        if status.success() {
            return Ok(());
        }
        let lines: Vec<&str> = kept.iter().map(String::as_str).collect();
        Err(self.error(name, status.code(), &lines))
    }

    fn error(&self, command: &str, status: Option<i32>, lines: &[&str]) -> ComposeError {
        let mut problem = ComposeProblem::classify(status, lines);
        if let ComposeProblem::PortTaken { port, setting } = &mut problem {
            *setting = self.port_setting(*port);
        }
        ComposeError {
            command: command.to_owned(),
            problem,
        }
    }

    /// Finds the `${X_PORT:-8080}` of the compose files that yields a port.
    fn port_setting(&self, port: u16) -> Option<String> {
        let dotenv = std::fs::read_to_string(self.root.join(".env")).unwrap_or_default();
        let from_dotenv = |name: &str| {
            dotenv.lines().find_map(|line| {
                let (key, value) = line.split_once('=')?;
                (key.trim() == name).then(|| value.trim().to_owned())
            })
        };
        let value = |name: &str| {
            let ours = self
                .env
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone());
            ours.or_else(|| std::env::var(name).ok())
                .or_else(|| from_dotenv(name))
        };
        let mut files = self.files.clone();
        if files.is_empty() {
            let listed = value("COMPOSE_FILE").unwrap_or_else(|| "compose.yaml".to_owned());
            files = std::env::split_paths(&listed).collect();
        }
        // Files that are included lie beside the one that includes them.
        let folders = files
            .iter()
            .filter_map(|file| Some(self.root.join(file.parent()?)));
        let texts = folders
            .filter_map(|folder| std::fs::read_dir(folder).ok())
            .flat_map(|entries| entries.flatten())
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|end| end == "yaml" || end == "yml")
            })
            .filter_map(|path| std::fs::read_to_string(path).ok());
        texts
            .into_iter()
            .find_map(|text| setting_of(&text, port, &value))
    }
}

fn setting_of(text: &str, port: u16, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    text.split("${").skip(1).find_map(|rest| {
        let (name, default) = rest.split_once('}')?.0.split_once(":-")?;
        let current = value(name).unwrap_or_else(|| default.to_owned());
        (name.ends_with("_PORT") && current.parse() == Ok(port)).then(|| name.to_owned())
    })
}

fn spawn_error(error: &std::io::Error) -> ComposeError {
    let problem = match error.kind() {
        std::io::ErrorKind::NotFound => ComposeProblem::ClientMissing,
        _ => ComposeProblem::Failed {
            status: None,
            lines: vec![error.to_string()],
        },
    };
    ComposeError {
        command: "compose".to_owned(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn check(text: &str, port: u16, env: &[(&str, &str)], expected: Option<&str>) {
        let value = |name: &str| {
            env.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(setting_of(text, port, &value).as_deref(), expected);
    }

    #[test]
    fn a_port_leads_to_its_setting() {
        let text = "ports:\n  - \"${OBSBOOK_BIND:-127.0.0.1}:${NGINX_PORT:-8080}:8080\"\n  \
                    - \"${OBSBOOK_BIND:-127.0.0.1}:${TRAFFIC_PORT:-8089}:8089\"\n";
        check(text, 8080, &[], Some("NGINX_PORT"));
        check(text, 8089, &[], Some("TRAFFIC_PORT"));
        check(
            text,
            9999,
            &[("TRAFFIC_PORT", "9999")],
            Some("TRAFFIC_PORT"),
        );
        check(text, 8089, &[("TRAFFIC_PORT", "9999")], None);
    }

    #[test]
    fn files_are_looked_up_in_the_folder_of_the_first() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("compose")).unwrap();
        std::fs::write(
            root.path().join(".env"),
            "COMPOSE_FILE=compose/compose.yaml\n",
        )
        .unwrap();
        std::fs::write(
            root.path().join("compose/shop.yaml"),
            "- ${NGINX_PORT:-8080}:80",
        )
        .unwrap();
        let compose = Compose {
            root: root.path().into(),
            ..Default::default()
        };
        assert_eq!(compose.port_setting(8080).as_deref(), Some("NGINX_PORT"));
        assert_eq!(compose.port_setting(8081), None);
    }

    /// Takes down what the engine believes in use `times` times; the command counts its calls.
    async fn down_after(times: usize) -> (Result<Option<String>, ComposeError>, usize) {
        let root = tempfile::tempdir().unwrap();
        let calls = root.path().join("calls");
        let script = format!(
            "#!/bin/sh\necho >> {calls}\n[ $(wc -l < {calls}) -gt {times} ] || {{\n\
             echo 'error while removing network: network fake_default has active endpoints' >&2; exit 1; }}\n",
            calls = calls.display()
        );
        let docker = root.path().join("docker");
        std::fs::write(&docker, script).unwrap();
        std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", root.path().display());
        let compose = Compose {
            root: root.path().into(),
            env: vec![("PATH".to_owned(), path)],
            ..Default::default()
        };
        let result = compose.down(false, &mut |_| {}).await;
        let calls = std::fs::read_to_string(calls).unwrap().lines().count();
        (result, calls)
    }

    #[tokio::test]
    async fn a_network_that_the_engine_believes_in_use_is_tried_again_and_then_told() {
        let (result, calls) = down_after(2).await;
        assert_eq!((result.unwrap(), calls), (None, 3));
        let (result, calls) = down_after(usize::MAX >> 1).await;
        let stays = result.unwrap().unwrap();
        assert!(
            stays.contains("network fake_default has active endpoints"),
            "{stays}"
        );
        assert_eq!(calls, DOWN_TRIES);
    }
}
