//! Containers of a compose project, as the engine sees them.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum as Status, HealthStatusEnum, PortMap,
    RestartPolicyNameEnum,
};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptions};
use futures_util::future::join_all;
use jiff::Timestamp;

use super::client::Engine;
use super::error::EngineError;

const PROJECT: &str = "com.docker.compose.project";
const SERVICE: &str = "com.docker.compose.service";
const ONE_OFF: &str = "com.docker.compose.oneoff";

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Made, never started.
    Created,
    /// Its process runs.
    Running,
    /// Its processes are frozen.
    Paused,
    /// Its process ended, and the restart policy is about to start it again.
    Restarting,
    /// The engine is deleting it.
    Removing,
    /// Its process ended.
    Exited,
    /// The engine failed to delete it.
    Dead,
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            State::Created => "created",
            State::Running => "running",
            State::Paused => "paused",
            State::Restarting => "restarting",
            State::Removing => "removing",
            State::Exited => "exited",
            State::Dead => "dead",
        })
    }
}

/// What a container's health check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Health {
    /// It has no health check.
    None,
    /// No check has succeeded yet, and none too many failed.
    Starting,
    /// The last check succeeded.
    Healthy,
    /// Too many checks in a row failed.
    Unhealthy,
}

impl std::fmt::Display for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Health::None => "none",
            Health::Starting => "starting",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        })
    }
}

/// A TCP port of a container that the engine's machine serves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    /// The port in the container.
    pub container: u16,
    /// The address it is bound to.
    pub host_ip: String,
    /// The port on the engine's machine.
    pub host: u16,
}

/// A container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The engine's id.
    pub id: String,
    /// Its name, without the leading slash.
    pub name: String,
    /// Its compose project; empty outside of one.
    pub project: String,
    /// Its compose service; empty outside of a project.
    pub service: String,
    /// What it does.
    pub state: State,
    /// What its health check says.
    pub health: Health,
    /// The exit status of its last process; none while one runs and before the first.
    pub exit_code: Option<i64>,
    /// How often the restart policy has brought it back.
    pub restarts: u64,
    /// When its process was last started, by the engine's clock.
    pub started_at: Option<Timestamp>,
    /// Whether its last process was ended for want of memory.
    pub oom_killed: bool,
    /// Its limit in bytes.
    pub memory_limit: Option<u64>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its published TCP ports; of a container that does not run, those that it will have again.
    pub ports: Vec<Port>,
    /// Where in it files of the engine's machine are mounted, and which.
    pub mounts: BTreeMap<String, String>,
    /// The reference of its image, as compose spelt it.
    pub image: String,
    /// The id of the image it was made from.
    pub image_id: String,
    /// Whether it is meant to end: its restart policy is `no`.
    pub one_shot: bool,
}

impl Container {
    /// Returns whether it is as it should be: running and not unhealthy or still starting, or, for
    /// a one-shot container, ended with status 0.
    pub fn is_ready(&self) -> bool {
        match self.state {
            State::Running => matches!(self.health, Health::None | Health::Healthy),
            State::Exited => self.one_shot && self.exit_code == Some(0),
            _ => false,
        }
    }
}

impl Engine {
    /// Returns the containers of a compose project, stopped ones too, sorted by service and name.
    /// Those of `docker compose run` are left out.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn containers(&self, project: &str) -> Result<Vec<Container>, EngineError> {
        self.select(&[format!("{PROJECT}={project}"), format!("{ONE_OFF}=False")])
            .await
    }

    /// Returns the container of a service; of several, the first that runs.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn container(
        &self,
        project: &str,
        service: &str,
    ) -> Result<Option<Container>, EngineError> {
        let mut found = self
            .select(&[
                format!("{PROJECT}={project}"),
                format!("{SERVICE}={service}"),
                format!("{ONE_OFF}=False"),
            ])
            .await?;
        let running = found
            .iter()
            .position(|container| container.state == State::Running);
        Ok((!found.is_empty()).then(|| found.swap_remove(running.unwrap_or(0))))
    }

    /// Returns one container by id or name.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine does not answer.
    pub async fn inspect(&self, id: &str) -> Result<Container, EngineError> {
        let request = self
            .docker
            .inspect_container(id, None::<InspectContainerOptions>);
        Ok(from_inspect(
            self.of_container(request, "inspect a container", id)
                .await?,
        ))
    }

    /// Returns the names of all compose projects that have containers, sorted.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn projects(&self) -> Result<Vec<String>, EngineError> {
        let found = self.list(&[PROJECT.to_owned()]).await?;
        let mut names: Vec<String> = found
            .into_iter()
            .filter_map(|container| container.labels?.remove(PROJECT))
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    async fn list(
        &self,
        labels: &[String],
    ) -> Result<Vec<bollard::models::ContainerSummary>, EngineError> {
        let options = ListContainersOptions {
            all: true,
            filters: Some(HashMap::from([("label".to_owned(), labels.to_vec())])),
            ..Default::default()
        };
        self.docker
            .list_containers(Some(options))
            .await
            .map_err(|error| self.refusal(&error, "list containers"))
    }

    async fn select(&self, labels: &[String]) -> Result<Vec<Container>, EngineError> {
        // The list lacks exit codes, restarts and, on older engines, health.
        let ids = self
            .list(labels)
            .await?
            .into_iter()
            .filter_map(|container| container.id);
        let inspected = join_all(ids.map(async |id| self.inspect(&id).await)).await;
        let mut found = Vec::with_capacity(inspected.len());
        for container in inspected {
            match container {
                Ok(container) => found.push(container),
                // Deleted between the two requests.
                Err(EngineError::NoSuchContainer { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        found.sort_by(|a, b| (&a.service, &a.name).cmp(&(&b.service, &b.name)));
        Ok(found)
    }
}

fn from_inspect(inspect: ContainerInspectResponse) -> Container {
    let state = inspect.state.unwrap_or_default();
    let config = inspect.config.unwrap_or_default();
    let host = inspect.host_config.unwrap_or_default();
    let labels: BTreeMap<String, String> = config.labels.unwrap_or_default().into_iter().collect();
    let status = match state.status {
        Some(Status::RUNNING | Status::STOPPING) => State::Running,
        Some(Status::PAUSED) => State::Paused,
        Some(Status::RESTARTING) => State::Restarting,
        Some(Status::REMOVING) => State::Removing,
        Some(Status::EXITED) => State::Exited,
        Some(Status::DEAD) => State::Dead,
        Some(Status::CREATED | Status::EMPTY) | None => State::Created,
    };
    let bound = ports(inspect.network_settings.and_then(|network| network.ports));
    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    let (project, service) = (label(PROJECT), label(SERVICE));
    Container {
        id: inspect.id.unwrap_or_default(),
        name: inspect
            .name
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned(),
        project,
        service,
        state: status,
        health: match state.health.and_then(|health| health.status) {
            Some(HealthStatusEnum::STARTING) => Health::Starting,
            Some(HealthStatusEnum::HEALTHY) => Health::Healthy,
            Some(HealthStatusEnum::UNHEALTHY) => Health::Unhealthy,
            Some(HealthStatusEnum::NONE | HealthStatusEnum::EMPTY) | None => Health::None,
        },
        exit_code: match status {
            State::Created | State::Running | State::Paused => None,
            _ => state.exit_code,
        },
        restarts: inspect
            .restart_count
            .and_then(|count| count.try_into().ok())
            .unwrap_or(0),
        // The engine spells "never" as the year 1.
        started_at: state
            .started_at
            .and_then(|time| time.parse::<Timestamp>().ok())
            .filter(|time| time.as_second() > 0),
        oom_killed: state.oom_killed.unwrap_or(false),
        memory_limit: host
            .memory
            .and_then(|bytes| bytes.try_into().ok())
            .filter(|bytes| *bytes > 0),
        labels,
        // The engine forgets bindings when a container stops; the fixed ones come back as they were.
        ports: if bound.is_empty() {
            ports(host.port_bindings)
        } else {
            bound
        },
        mounts: inspect
            .mounts
            .into_iter()
            .flatten()
            .filter_map(|mount| Some((mount.destination?, mount.source?)))
            .collect(),
        image: config.image.unwrap_or_default(),
        image_id: inspect.image.unwrap_or_default(),
        one_shot: matches!(
            host.restart_policy.and_then(|policy| policy.name),
            None | Some(RestartPolicyNameEnum::EMPTY | RestartPolicyNameEnum::NO)
        ),
    }
}

fn ports(map: Option<PortMap>) -> Vec<Port> {
    let mut found: Vec<Port> = map
        .into_iter()
        .flatten()
        .filter_map(|(port, bindings)| {
            let container: u16 = port.strip_suffix("/tcp")?.parse().ok()?;
            Some(bindings.into_iter().flatten().filter_map(move |binding| {
                let host: u16 = binding.host_port?.parse().ok().filter(|port| *port > 0)?;
                Some(Port {
                    container,
                    host_ip: binding.host_ip.unwrap_or_default(),
                    host,
                })
            }))
        })
        .flatten()
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Container {
        from_inspect(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_running_service_is_ready_when_healthy() {
        let container = check(
            r#"{"Id":"c1","Name":"/shop-order-api-1","RestartCount":2,"Image":"sha256:1",
            "State":{"Status":"running","ExitCode":0,"StartedAt":"2026-01-02T03:04:05.6Z",
                     "Health":{"Status":"healthy"}},
            "HostConfig":{"Memory":1048576,"RestartPolicy":{"Name":"unless-stopped"}},
            "Config":{"Image":"obsbook/order-api:1","Labels":{
                "com.docker.compose.project":"shop","com.docker.compose.service":"order-api"}},
            "Mounts":[{"Type":"bind","Source":"/book/a.yml","Destination":"/etc/a.yml"},{"Type":"tmpfs","Destination":"/tmp"}],
            "NetworkSettings":{"Ports":{"9102/tcp":[{"HostIp":"127.0.0.1","HostPort":"32768"},
                {"HostIp":"::1","HostPort":"32768"}],"50051/tcp":null,"53/udp":[{"HostPort":"53"}]}}}"#,
        );
        assert!(container.is_ready());
        assert_eq!(
            (container.service.as_str(), container.restarts),
            ("order-api", 2)
        );
        assert_eq!(
            (container.exit_code, container.memory_limit),
            (None, Some(1_048_576))
        );
        assert_eq!(container.ports.len(), 2);
        assert_eq!(container.ports[0].host, 32768);
        assert!(!container.one_shot);
        let mounts = [("/etc/a.yml".to_owned(), "/book/a.yml".to_owned())];
        assert_eq!(container.mounts, BTreeMap::from(mounts));
    }

    #[test]
    fn a_one_shot_container_is_ready_when_it_ended_well() {
        let ended = |code: i64, policy: &str| {
            check(&format!(
                r#"{{"State":{{"Status":"exited","ExitCode":{code},"StartedAt":"0001-01-01T00:00:00Z"}},
                "HostConfig":{{"RestartPolicy":{{"Name":"{policy}"}},
                "PortBindings":{{"80/tcp":[{{"HostPort":"8080"}},{{"HostPort":""}}]}}}}}}"#
            ))
        };
        assert!(ended(0, "no").is_ready());
        assert!(!ended(1, "no").is_ready());
        assert!(!ended(0, "always").is_ready());
        assert_eq!(ended(3, "always").exit_code, Some(3));
        assert_eq!(ended(0, "no").started_at, None);
        assert_eq!(
            ended(0, "no").ports,
            [Port {
                container: 80,
                host_ip: String::new(),
                host: 8080
            }]
        );
    }
}
