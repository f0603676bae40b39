//! What is missing, and taking the steps that provide it.

use std::time::Instant;

use super::apt;
use super::base::Base;
use super::command::{CommandLine, Log, OnProgress};
use super::daemon::Daemon;
use super::disk::check_disk;
use super::error::InstallError;
use super::host::{Host, Privilege, find_program};
use super::plugin::Plugin;
use super::step::{Step, StepKind};
use super::version::{COMPOSE, at_least};
use crate::engine::{Compose, ComposeProblem, Engine, EngineError, systemd_runs};
use crate::images::{BASE_IMAGE, Progress, Source};

/// Returns the steps that are missing for images of a source, in the order in which they have to be
/// taken. Without a source (it takes an engine to choose one) the base image is missing only if the
/// Compose plug-in has to be built. Changes nothing.
///
/// # Errors
/// An engine that is there and cannot be used, and a system on which nothing can be installed.
pub async fn missing(source: Option<Source>) -> Result<Vec<Step>, InstallError> {
    let host = Host::detect();
    let engine = Engine::connect().await;
    let kinds = match &engine {
        Ok(_) => vec![],
        Err(EngineError::NotInstalled) => vec![StepKind::Engine, StepKind::Start],
        // Only this machine's own engine can be started from here.
        Err(EngineError::NotRunning { address }) if address.starts_with("unix:///var/run/") => {
            vec![StepKind::Start]
        }
        Err(EngineError::PermissionDenied { .. }) => vec![StepKind::Permission],
        Err(error) => return Err(error.clone().into()),
    };
    let mut kinds: Vec<StepKind> = kinds;
    // Whoever is root needs no permission; others lack it where there was no engine before.
    if kinds.first() == Some(&StepKind::Engine) && host.privilege != Privilege::Root {
        kinds.push(StepKind::Permission);
    }
    let mut plugin = None;
    match Compose::version().await {
        Ok(version) if at_least(&version, COMPOSE) => {}
        outcome => {
            let no_client =
                matches!(&outcome, Err(error) if error.problem == ComposeProblem::ClientMissing);
            if no_client && !kinds.contains(&StepKind::Engine) {
                kinds.push(StepKind::Client);
            }
            plugin = Some(Plugin::plan().await);
        }
    }
    let builds = matches!(plugin, Some(Plugin::Build(_)));
    if (builds || source == Some(Source::Packages)) && !has_base(engine.as_ref().ok()).await? {
        kinds.push(StepKind::Base);
    }
    if plugin.is_some() {
        kinds.push(StepKind::Compose);
    }
    let mut steps = Vec::with_capacity(kinds.len());
    for kind in kinds {
        steps.push(describe(kind, &host).await);
    }
    if !host.is_debian && !steps.is_empty() {
        let missing: Vec<String> = steps.into_iter().map(|step| step.what).collect();
        return Err(InstallError::UnsupportedSystem {
            system: host.system,
            missing: missing.join(", "),
        });
    }
    Ok(steps)
}

/// Takes steps, and tells of each before it is taken.
///
/// # Errors
/// The step that failed, with its log. `LoginAgain` when the user was given a permission that only
/// counts in a new session: the remaining steps are taken when the command is given again.
pub async fn install(steps: &[Step], on_progress: OnProgress<'_>) -> Result<(), InstallError> {
    if steps.is_empty() {
        return Ok(());
    }
    let host = Host::detect();
    // A machine without the base image has built nothing yet.
    let to_build = steps.iter().any(|step| step.kind == StepKind::Base);
    check_disk(Engine::connect().await.ok().as_ref(), to_build).await?;
    for step in steps {
        // Earlier steps brought package lists, by which this one may go another way.
        let step = describe(step.kind, &host).await;
        on_progress(Progress::Step {
            what: step.what.clone(),
            why: step.why.clone(),
            commands: step.commands.clone(),
        });
        let begun = Instant::now();
        take(&step, &host, on_progress).await?;
        on_progress(Progress::Stepped {
            what: step.what,
            took: begun.elapsed(),
        });
    }
    Ok(())
}

async fn has_base(engine: Option<&Engine>) -> Result<bool, InstallError> {
    match engine {
        Some(engine) => Ok(engine.image_id(BASE_IMAGE).await?.is_some()),
        None => Ok(false),
    }
}

pub(super) async fn describe(kind: StepKind, host: &Host) -> Step {
    let shown = |commands: Vec<CommandLine>| commands.iter().map(ToString::to_string).collect();
    let (what, why, commands): (&str, &str, Vec<String>) = match kind {
        StepKind::Engine => (
            "install the Docker engine",
            "it runs the sandbox's containers",
            shown(apt::commands(host, &engine_packages().await)),
        ),
        StepKind::Start if systemd_runs() => (
            "start the Docker engine",
            "it is installed and does not run",
            shown(vec![Daemon::default().command(host.privilege)]),
        ),
        StepKind::Start => (
            "start the Docker engine",
            "it is installed and does not run, and no systemd is there to start it",
            shown(vec![Daemon::default().command(host.privilege)]),
        ),
        StepKind::Permission => (
            "let this user use the Docker engine",
            "its socket is for the group docker, whose members can become root",
            shown(vec![permission(host)]),
        ),
        StepKind::Client => (
            "install the docker command",
            "it runs Docker Compose",
            shown(apt::commands(host, &[client_package().await])),
        ),
        StepKind::Base => (
            "make the base image",
            "without a container registry all images are built on it",
            Base::plan(host, BASE_IMAGE).await.commands(host),
        ),
        StepKind::Compose => match Plugin::plan().await {
            plugin @ Plugin::Package(_) => (
                "install the Compose plug-in",
                "it starts the sandbox",
                plugin.commands(host),
            ),
            plugin @ Plugin::Build(_) => (
                "build the Compose plug-in",
                "it starts the sandbox, and no package here is new enough",
                plugin.commands(host),
            ),
        },
    };
    Step {
        kind,
        what: what.to_owned(),
        why: why.to_owned(),
        commands,
    }
}

async fn take(step: &Step, host: &Host, on_progress: OnProgress<'_>) -> Result<(), InstallError> {
    let name = match step.kind {
        StepKind::Engine => "engine",
        StepKind::Start => "start",
        StepKind::Permission => "permission",
        StepKind::Client => "client",
        StepKind::Base => "base",
        StepKind::Compose => "compose",
    };
    let mut log = Log::begin(&step.what, name)?;
    match step.kind {
        StepKind::Engine => {
            apt::install(host, &engine_packages().await, &mut log, on_progress).await?;
            // Without package lists nobody could know before that the command comes apart.
            if find_program("docker").is_none() {
                apt::install(host, &[client_package().await], &mut log, on_progress).await?;
            }
            Ok(())
        }
        StepKind::Start => Daemon::default().start(host, &mut log, on_progress).await,
        StepKind::Permission => {
            log.run_as_root(host.privilege, &permission(host), on_progress)
                .await?;
            Err(InstallError::LoginAgain { user: user() })
        }
        StepKind::Client => {
            apt::install(host, &[client_package().await], &mut log, on_progress).await
        }
        StepKind::Base => {
            let engine = Engine::connect().await?;
            Base::plan(host, BASE_IMAGE)
                .await
                .make(host, &engine, &mut log, on_progress)
                .await
        }
        StepKind::Compose => {
            let engine = Engine::connect().await?;
            Plugin::plan()
                .await
                .get(host, &engine, &mut log, on_progress)
                .await?;
            let version = Compose::version().await?;
            if at_least(&version, COMPOSE) {
                return Ok(());
            }
            // An older one in a folder that is looked into first.
            let log = log.path().display();
            Err(InstallError::Step {
                what: step.what.clone(),
                cause: format!("docker still finds Compose {version}; see docker info"),
                lines: Vec::new(),
                log: log.to_string().into(),
            })
        }
    }
}

async fn engine_packages() -> Vec<&'static str> {
    match client_package().await {
        "docker.io" => vec!["docker.io", "iptables"],
        client => vec!["docker.io", "iptables", client],
    }
}

/// Debian 13 parted the command from the engine.
async fn client_package() -> &'static str {
    match apt::candidate("docker-cli").await {
        Some(_) => "docker-cli",
        None => "docker.io",
    }
}

fn permission(host: &Host) -> CommandLine {
    CommandLine::for_root(host.privilege, ["usermod", "-aG", "docker", &user()])
}

fn user() -> String {
    std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| "root".to_owned())
}
