//! The Compose plug-in: from this machine's packages if they have a new one, else built.

use std::path::{Path, PathBuf};

use super::apt;
use super::command::{CommandLine, Log, OnProgress};
use super::error::InstallError;
use super::host::{Host, is_root};
use super::version::{COMPOSE, at_least};
use crate::engine::{Engine, EngineError, Job, JobFile};
use crate::images::BASE_IMAGE;

/// What the plug-in is called by Docker's own packages, by Ubuntu's and by Debian's.
const PACKAGES: [&str; 3] = [
    "docker-compose-plugin",
    "docker-compose-v2",
    "docker-compose",
];

/// What pins the build. It travels in the binary, which may be run far from the repository.
const BUILD: &str = include_str!("../../../../compose/images/compose-plugin/build.sh");
const GO_MOD: &str = include_str!("../../../../compose/images/compose-plugin/go.mod");
const GO_SUM: &str = include_str!("../../../../compose/images/compose-plugin/go.sum");
const VERSIONS: &str = include_str!("../../../../compose/versions.env");

/// Settings of this machine's that downloads in the build obey.
const PASSED_ON: [&str; 9] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "PIP_INDEX_URL",
    "GOPROXY",
    "GOSUMDB",
];

/// How the plug-in comes to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plugin {
    /// By a package.
    Package(&'static str),
    /// Built into a folder where the `docker` command looks for plug-ins.
    Build(PathBuf),
}

impl Plugin {
    /// Looks at what apt would install.
    pub(super) async fn plan() -> Plugin {
        for package in PACKAGES {
            if apt::candidate(package)
                .await
                .is_some_and(|version| at_least(&version, COMPOSE))
            {
                return Plugin::Package(package);
            }
        }
        Plugin::Build(folder())
    }

    /// Returns the commands, as a person would type them.
    pub(super) fn commands(&self, host: &Host) -> Vec<String> {
        match self {
            Plugin::Package(package) => apt::commands(host, &[package])
                .iter()
                .map(ToString::to_string)
                .collect(),
            Plugin::Build(folder) => {
                let go = format!("GO_VERSION={}", go_version());
                let out = format!("{}:/out", folder.display());
                let words = ["docker", "run", "--rm", "-e", &go, "-v"]
                    .into_iter()
                    .chain([
                        "./compose/images/compose-plugin:/src:ro",
                        "-v",
                        &out,
                        BASE_IMAGE,
                    ])
                    .chain(["sh", "-e", "/src/build.sh"]);
                vec![CommandLine::new(words).to_string()]
            }
        }
    }

    /// Gets the plug-in. A build needs the base image.
    pub(super) async fn get(
        &self,
        host: &Host,
        engine: &Engine,
        log: &mut Log,
        on_progress: OnProgress<'_>,
    ) -> Result<(), InstallError> {
        let folder = match self {
            Plugin::Package(package) => {
                return apt::install(host, &[package], log, on_progress).await;
            }
            Plugin::Build(folder) => folder,
        };
        let built = engine
            .run_job(&job(), &mut |line| log.line(line, on_progress))
            .await;
        let binary = built.map_err(|error| match error {
            EngineError::Failed { status, .. } => log.failure(format!("exit code: {status}")),
            error => error.into(),
        })?;
        place(folder, &binary)
    }
}

fn job() -> Job {
    let file = |name: &str, content: &str| JobFile {
        path: format!("src/{name}"),
        content: content.as_bytes().to_vec(),
    };
    let passed_on = PASSED_ON
        .iter()
        .filter_map(|name| Some(format!("{name}={}", std::env::var(name).ok()?)));
    Job {
        what: "build the Compose plug-in".to_owned(),
        image: BASE_IMAGE.to_owned(),
        script: "exec sh -e /src/build.sh".to_owned(),
        env: passed_on
            .chain([format!("GO_VERSION={}", go_version())])
            .collect(),
        files: vec![
            file("build.sh", BUILD),
            file("go.mod", GO_MOD),
            file("go.sum", GO_SUM),
        ],
        result: "/out/docker-compose".to_owned(),
    }
}

fn go_version() -> &'static str {
    VERSIONS
        .lines()
        .find_map(|line| line.strip_prefix("GO_VERSION="))
        .unwrap_or_default()
        .trim()
}

/// The folder of plug-ins for all users if we may write there, else the user's own.
fn folder() -> PathBuf {
    if is_root() {
        return "/usr/local/lib/docker/cli-plugins".into();
    }
    let config = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let home = || std::env::home_dir().unwrap_or_default().join(".docker");
    config.unwrap_or_else(home).join("cli-plugins")
}

/// Writes beside and renames: the plug-in may be running.
fn place(folder: &Path, binary: &[u8]) -> Result<(), InstallError> {
    let path = folder.join("docker-compose");
    let beside = folder.join(".docker-compose.new");
    let write = || {
        std::fs::create_dir_all(folder)?;
        std::fs::write(&beside, binary)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o755))?;
        }
        std::fs::rename(&beside, &path)
    };
    write().map_err(|error| InstallError::file(&path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::install::host::Privilege;

    #[test]
    fn versions_are_pinned() {
        assert!(at_least(go_version(), (1, 24)), "{}", go_version());
        assert!(GO_MOD.contains("github.com/docker/compose/v2 v2.40.3"));
        assert!(GO_SUM.contains("github.com/docker/compose/v2 v2.40.3 h1:"));
    }

    #[test]
    fn the_advice_can_be_typed() {
        let host = Host {
            system: String::new(),
            is_debian: true,
            privilege: Privilege::Root,
        };
        let shown = Plugin::Build("/plugins".into()).commands(&host);
        assert_eq!(
            shown,
            [format!(
                "docker run --rm -e GO_VERSION={} -v ./compose/images/compose-plugin:/src:ro -v \
                 /plugins:/out obsbook/base:bookworm sh -e /src/build.sh",
                go_version()
            )]
        );
    }
}
