//! Bringing a profile up, until every container is healthy and every signal can be asked for.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use obsbook_lab::block::Signal;
use tokio::time::sleep;

use super::handle::Stack;
use super::source::{Kind, SourceProblem};
use crate::engine::{ComposeError, ComposeProblem, Container, EngineError, State};

/// A stack that is not ready by then has something wrong with it.
const PATIENCE: Duration = Duration::from_secs(180);
/// Nor is a data source: labs of other signals wait no longer for it.
const SIGNAL_PATIENCE: Duration = Duration::from_secs(60);
/// How often the engine is asked while containers start.
const PAUSE: Duration = Duration::from_millis(300);
/// The lines of a dead container's log that are shown.
const TAIL: usize = 12;

/// A profile that is ready.
#[derive(Debug, Clone)]
pub struct Booted {
    /// Whether all of it was running before.
    pub reused: bool,
    /// From the first look to ready.
    pub took: Duration,
    /// The services that run and should go on running.
    pub services: BTreeSet<String>,
    /// What holds or carries one signal and is not there: labs of other signals work without.
    pub missing: Vec<Missing>,
}

/// A service that is not there, and the signal that is missing with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The service.
    pub service: String,
    /// The signal that it holds or carries.
    pub signal: Signal,
    /// What it is instead of ready: "is paused".
    pub reason: String,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {}, so labs that read {} cannot run",
            self.service, self.reason, self.signal
        )
    }
}

/// Why a profile did not come up.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// `docker compose up` failed.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A container is not as it should be, and will not be.
    #[error("{service} {what}")]
    Container {
        /// The service.
        service: String,
        /// What is wrong: "exited with 1", "is unhealthy".
        what: String,
        /// The last lines of its log.
        log: Vec<String>,
        /// The command that shows more.
        next: String,
    },
}

impl BootError {
    /// Returns the next command to type.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Compose(error) => error.hint(),
            Self::Engine(error) => error.hint(),
            Self::Container { next, .. } => Some(next.clone()),
        }
    }

    /// Returns the last lines of the culprit's log, if there is one.
    pub fn log(&self) -> &[String] {
        match self {
            Self::Container { log, .. } => log,
            _ => &[],
        }
    }
}

impl Stack {
    /// Brings `profile` up, or finds it up, and returns once it is ready. `extra` goes to `docker compose up`; `on_line` receives what `docker compose` says.
    ///
    /// # Errors
    /// It does not become ready; the culprit's last log lines come with the error.
    pub async fn boot(
        &self,
        profile: &str,
        extra: &[&str],
        on_line: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Booted, BootError> {
        let started = Instant::now();
        let wanted = self.services_in(profile);
        let before = self.containers().await?;
        let reused = wanted
            .iter()
            .all(|name| before.iter().any(|c| &c.service == name && c.is_ready()));
        self.remember_ports();
        self.send_mounted::<BootError>(self.compose(), profile)
            .await?;
        let up = self.compose().up(profile, extra, on_line).await;
        if let Err(error) = up
            && !self.all_but_signals_ready(&wanted).await?
        {
            return Err(self.culprit(self.with_image(error), &wanted).await);
        }
        // Services wait for one another in there, as long as that takes: patience begins where all have been started.
        let all_started = Instant::now();
        let mut missing = Vec::new();
        let mut services = self.wait_ready(&wanted, all_started, &mut missing).await?;
        self.wait_sources(&wanted, all_started, &mut missing).await;
        services.retain(|service| missing.iter().all(|missing| &missing.service != service));
        Ok(Booted {
            reused,
            took: started.elapsed(),
            services,
            missing,
        })
    }

    /// Returns the signal that a service holds or carries, if the stack can do without it.
    pub fn signal_of(&self, service: &str) -> Option<Signal> {
        self.model().services.get(service)?.signal()
    }

    /// Returns whether every service runs but those that hold or carry a signal.
    async fn all_but_signals_ready(&self, wanted: &BTreeSet<String>) -> Result<bool, EngineError> {
        let containers = self.containers().await?;
        let mut needed = wanted.iter().filter(|name| self.signal_of(name).is_none());
        Ok(needed.all(|name| {
            containers
                .iter()
                .any(|c| &c.service == name && c.is_ready())
        }))
    }

    async fn wait_ready(
        &self,
        wanted: &BTreeSet<String>,
        started: Instant,
        missing: &mut Vec<Missing>,
    ) -> Result<BTreeSet<String>, BootError> {
        loop {
            let containers: Vec<_> = self
                .containers()
                .await?
                .into_iter()
                .filter(|c| wanted.contains(&c.service))
                .collect();
            let gone = |c: &&Container| missing.iter().any(|missing| missing.service == c.service);
            let late = containers.iter().find(|c| !c.is_ready() && !gone(c));
            let Some(late) = late else {
                let running = containers
                    .into_iter()
                    .filter(|container| container.state == State::Running);
                return Ok(running.map(|container| container.service).collect());
            };
            let dead = matches!(late.state, State::Exited | State::Dead) || late.restarts > 3;
            let signal = self.signal_of(&late.service);
            let patience = if signal.is_some() {
                SIGNAL_PATIENCE
            } else {
                PATIENCE
            };
            if dead || late.state == State::Paused || started.elapsed() > patience {
                let error = self.not_ready(late).await;
                match (signal, error) {
                    (Some(signal), BootError::Container { service, what, .. }) => {
                        missing.push(Missing {
                            service,
                            signal,
                            reason: what,
                        });
                        continue;
                    }
                    (_, error) => return Err(error),
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Each data source of this profile answers, and Prometheus has scraped something.
    async fn wait_sources(
        &self,
        wanted: &BTreeSet<String>,
        started: Instant,
        missing: &mut Vec<Missing>,
    ) {
        for kind in Kind::ALL {
            let service = self.source_service(kind).to_owned();
            // A database that does not answer is no signal that is missing; its health check says so.
            let Some(signal) = self.signal_of(&service) else {
                continue;
            };
            if !wanted.contains(&service) || missing.iter().any(|gone| gone.service == service) {
                continue;
            }
            while let Err(reason) = self.source_answers(kind).await {
                if started.elapsed() > SIGNAL_PATIENCE {
                    missing.push(Missing {
                        service,
                        signal,
                        reason,
                    });
                    break;
                }
                sleep(PAUSE).await;
            }
        }
    }

    async fn source_answers(&self, kind: Kind) -> Result<(), String> {
        let reason = |problem: SourceProblem| format!("is healthy, but {}", problem.reason);
        self.source_ready(kind).await.map_err(reason)?;
        if kind != Kind::Prometheus {
            return Ok(());
        }
        let prometheus = self.prometheus().await.map_err(reason)?;
        match prometheus.query("count(up == 1)").await {
            Ok(found) if !found.is_empty() => Ok(()),
            Ok(_) => Err("has scraped no target".to_owned()),
            Err(error) => Err(format!("does not answer: {error}")),
        }
    }

    /// Compose may name only the service whose image cannot be had; people look for the image.
    fn with_image(&self, mut error: ComposeError) -> ComposeError {
        if let ComposeProblem::ImageUnavailable { image, .. } = &mut error.problem
            && let Some(service) = image.strip_prefix("of service ")
            && let Some(name) = self
                .model()
                .services
                .get(service)
                .and_then(|service| service.image.clone())
        {
            *image = format!("{name} of service {service}");
        }
        error
    }

    /// Compose names the container that others waited for; its log says why.
    async fn culprit(&self, error: ComposeError, wanted: &BTreeSet<String>) -> BootError {
        if !matches!(
            error.problem,
            ComposeProblem::ContainerFailed { .. } | ComposeProblem::Failed { .. }
        ) {
            return error.into();
        }
        let Ok(containers) = self.containers().await else {
            return error.into();
        };
        let named = |container: &&Container| match &error.problem {
            ComposeProblem::ContainerFailed {
                container: name, ..
            } => &container.name == name,
            _ => {
                wanted.contains(&container.service)
                    && container.state != State::Created
                    && !container.is_ready()
            }
        };
        match containers.iter().find(named) {
            Some(container) if !container.is_ready() => self.not_ready(container).await,
            _ => error.into(),
        }
    }

    async fn not_ready(&self, container: &Container) -> BootError {
        let code = container.exit_code.unwrap_or_default();
        let (what, next) = match container.state {
            _ if container.oom_killed => ("ran out of its memory limit".to_owned(), None),
            State::Exited | State::Dead => (format!("exited with {code}"), None),
            State::Restarting => (format!("dies again and again, with {code}"), None),
            State::Paused => ("is paused".to_owned(), Some("obsbook reset".to_owned())),
            State::Running if container.restarts > 3 => {
                (format!("died {} times", container.restarts), None)
            }
            _ => (
                format!("is not healthy, but {:?}", container.health).to_lowercase(),
                None,
            ),
        };
        let log = self
            .engine()
            .log_tail(&container.id, TAIL)
            .await
            .unwrap_or_default();
        BootError::Container {
            service: container.service.clone(),
            what,
            log,
            next: next.unwrap_or_else(|| format!("docker logs {}", container.name)),
        }
    }

    /// Returns the services that should run and are not as they should be, with what they are instead.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn unready(&self, services: &BTreeSet<String>) -> Result<Vec<String>, EngineError> {
        let containers = self.containers().await?;
        let mut found = Vec::new();
        for service in services {
            let container = containers
                .iter()
                .find(|container| &container.service == service);
            match container {
                None => found.push(format!("{service} has no container")),
                Some(container) if container.state != State::Running || !container.is_ready() => {
                    let state =
                        format!("{:?}, {:?}", container.state, container.health).to_lowercase();
                    found.push(format!("{service} is {state}"));
                }
                Some(_) => {}
            }
        }
        Ok(found)
    }
}
