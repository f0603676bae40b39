//! Why a `docker compose` command failed, read from what it wrote.

use std::net::IpAddr;

/// A failed `docker compose` command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("docker compose {command} failed: {problem}")]
pub struct ComposeError {
    /// The subcommand, such as `up`.
    pub command: String,
    /// What went wrong.
    pub problem: ComposeProblem,
}

/// What goes wrong with `docker compose`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeProblem {
    /// There is no `docker` command.
    #[error("there is no docker command")]
    ClientMissing,
    /// The `docker` command lacks the Compose plug-in.
    #[error("the docker command has no Compose plug-in")]
    PluginMissing,
    /// The engine is away.
    #[error("the Docker engine is not running")]
    EngineAway,
    /// Somebody else listens on a port.
    #[error("port {port} is taken")]
    PortTaken {
        /// The port on the engine's machine; 0 when the engine did not say.
        port: u16,
        /// The setting that moves it.
        setting: Option<String>,
    },
    /// The disk is full.
    #[error("no space left on the disk")]
    NoSpace,
    /// An image is neither here nor to be had.
    #[error("image {image} cannot be had: {cause}")]
    ImageUnavailable {
        /// Its reference; empty when the engine did not say.
        image: String,
        /// The line that says so.
        cause: String,
    },
    /// The engine has no subnet left for one more network.
    #[error("the engine has no address range left for another network")]
    NetworksExhausted,
    /// A container that others wait for died or is unhealthy.
    #[error("container {container} {cause}")]
    ContainerFailed {
        /// Its name.
        container: String,
        /// What it did.
        cause: String,
    },
    /// Anything else.
    #[error("{}", .lines.last().map_or("it said nothing", String::as_str))]
    Failed {
        /// The exit status; none when a signal ended it.
        status: Option<i32>,
        /// Its last lines.
        lines: Vec<String>,
    },
}

impl ComposeError {
    /// Returns the next command to type, if one is known.
    pub fn hint(&self) -> Option<String> {
        let hint = match &self.problem {
            ComposeProblem::ClientMissing | ComposeProblem::PluginMissing => {
                "obsbook up --install".to_owned()
            }
            ComposeProblem::EngineAway => "obsbook doctor".to_owned(),
            ComposeProblem::PortTaken {
                setting: Some(setting),
                port,
            } => format!(
                "take another: {setting}={} obsbook up, or any free ones: obsbook up --dynamic-ports",
                if *port < 50_000 {
                    port + 10_000
                } else {
                    port - 10_000
                }
            ),
            ComposeProblem::PortTaken { .. } => "obsbook up --dynamic-ports".to_owned(),
            ComposeProblem::NoSpace => "docker system df, then docker builder prune".to_owned(),
            ComposeProblem::ImageUnavailable { .. } => {
                "build it from packages: obsbook up --images packages".to_owned()
            }
            ComposeProblem::NetworksExhausted => "docker network prune".to_owned(),
            ComposeProblem::ContainerFailed { container, .. } => format!("docker logs {container}"),
            ComposeProblem::Failed { .. } => return None,
        };
        Some(hint)
    }
}

impl ComposeProblem {
    /// Judges a failed command by its exit status and its lines.
    pub fn classify(status: Option<i32>, lines: &[&str]) -> ComposeProblem {
        // The last complaint is the cause; those before it may have been overcome.
        let judged = lines.iter().rev().find_map(|line| judge(line.trim()));
        match judged {
            Some(ComposeProblem::ImageUnavailable { image, cause }) if image.is_empty() => {
                let image = lines
                    .iter()
                    .find_map(|line| failed_service(line))
                    .unwrap_or(image);
                ComposeProblem::ImageUnavailable { image, cause }
            }
            Some(problem) => problem,
            None => {
                let last = lines
                    .iter()
                    .rev()
                    .filter(|line| !line.trim().is_empty())
                    .take(12);
                let mut lines: Vec<String> = last.map(|line| (*line).to_owned()).collect();
                lines.reverse();
                ComposeProblem::Failed { status, lines }
            }
        }
    }
}

/// Reads ` nginx Error Get "https://…`: an engine that cannot reach a registry does not name the
/// image, but Compose names the service.
fn failed_service(line: &str) -> Option<String> {
    let (service, rest) = line.trim().split_once(' ')?;
    rest.trim_start()
        .starts_with("Error ")
        .then(|| format!("of service {service}"))
}

fn judge(line: &str) -> Option<ComposeProblem> {
    let has = |needles: &[&str]| needles.iter().any(|needle| line.contains(needle));
    if has(&["no space left on device", "disk quota exceeded"]) {
        return Some(ComposeProblem::NoSpace);
    }
    if has(&[
        "port is already allocated",
        "address already in use",
        "ports are not available",
    ]) {
        let port = line.split_whitespace().find_map(port_of).unwrap_or(0);
        return Some(ComposeProblem::PortTaken {
            port,
            setting: None,
        });
    }
    if has(&[
        "non-overlapping IPv4 address pool",
        "address pools have been fully subnetted",
    ]) {
        return Some(ComposeProblem::NetworksExhausted);
    }
    if has(&[
        "is not a docker command",
        "unknown command: docker compose",
        "unknown flag: --ansi",
        "unknown shorthand flag",
    ]) {
        return Some(ComposeProblem::PluginMissing);
    }
    if has(&[
        "Cannot connect to the Docker daemon",
        "Is the docker daemon running",
    ]) {
        return Some(ComposeProblem::EngineAway);
    }
    container_failed(line).or_else(|| image_unavailable(line))
}

/// Reads `127.0.0.1:8080`, `[::]:8080` or `127.0.0.1:8080:172.18.0.2:80/tcp:`.
fn port_of(token: &str) -> Option<u16> {
    let rest = match token.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once("]:")?.1,
        None => {
            let (host, rest) = token.split_once(':')?;
            host.parse::<IpAddr>().ok()?;
            rest
        }
    };
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .map_or(rest, |end| &rest[..end]);
    digits.parse().ok().filter(|port| *port > 0)
}

fn container_failed(line: &str) -> Option<ComposeProblem> {
    let failed = |container: &str, cause: &str| ComposeProblem::ContainerFailed {
        container: container.trim_matches('"').to_owned(),
        cause: cause.to_owned(),
    };
    // service "secrets" didn't complete successfully: exit 1
    if let Some((head, cause)) = line.split_once(" didn't complete successfully: ") {
        return Some(failed(
            head.rsplit(' ').next()?,
            &format!("ended with {cause}"),
        ));
    }
    let rest = line.rsplit_once("container ")?.1;
    let (container, cause) = rest.split_once(' ')?;
    (cause == "is unhealthy" || cause.starts_with("exited (")).then(|| failed(container, cause))
}

fn image_unavailable(line: &str) -> Option<ComposeProblem> {
    /// What stands before and after the image in what engines and builders say.
    const PATTERNS: &[(&str, &str)] = &[
        ("failed to resolve source metadata for ", ": "),
        ("pull access denied for ", ","),
        ("manifest for ", " not found"),
        ("No such image: ", " "),
        ("no such image: ", " "),
    ];
    let unavailable = |image: &str| ComposeProblem::ImageUnavailable {
        image: image
            .trim_end_matches([':', ','])
            .trim_start_matches("docker.io/")
            .to_owned(),
        cause: line
            .trim_start_matches("Error response from daemon: ")
            .to_owned(),
    };
    for (before, after) in PATTERNS {
        if let Some((_, rest)) = line.split_once(before) {
            return Some(unavailable(
                rest.split_once(after).map_or(rest, |(image, _)| image),
            ));
        }
    }
    let registry = ["/v2/", "registry"].iter().any(|part| line.contains(part));
    let refused = [
        "dial tcp",
        "no such host",
        "i/o timeout",
        "connection refused",
        "toomanyrequests",
    ];
    (registry && refused.iter().any(|part| line.contains(part))).then(|| unavailable(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let found = ComposeProblem::classify(Some(1), &lines);
        assert!(
            found.to_string().starts_with(expected),
            "{found:?}\nnot: {expected}"
        );
    }

    #[test]
    fn output_is_classified() {
        check(
            " Container shop-nginx-1  Starting\nError response from daemon: driver failed \
             programming external connectivity on endpoint shop-nginx-1 (0a1b): Bind for \
             127.0.0.1:8080 failed: port is already allocated",
            "port 8080 is taken",
        );
        check(
            "Error response from daemon: driver failed programming external connectivity on endpoint \
             e (0a): Error starting userland proxy: listen tcp4 127.0.0.1:9090: bind: address already in use",
            "port 9090 is taken",
        );
        check(
            "Error response from daemon: failed to set up container networking: driver failed \
             programming external connectivity on endpoint e (0a): failed to bind host port for \
             127.0.0.1:8089:172.18.0.2:8089/tcp: address already in use",
            "port 8089 is taken",
        );
        check(
            "listen tcp [::]:8081: bind: address already in use",
            "port 8081 is taken",
        );
        check(
            "write /var/lib/docker/tmp/x: no space left on device",
            "no space left on the disk",
        );
        check(
            "failed to create network shop_default: Error response from daemon: could not find an \
             available, non-overlapping IPv4 address pool among the defaults to assign to the network",
            "the engine has no address range left",
        );
        check(
            "unknown flag: --ansi\nSee 'docker --help'.",
            "the docker command has no Compose",
        );
        check(
            "docker: 'compose' is not a docker command.",
            "the docker command has no Compose",
        );
        check(
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker \
             daemon running?",
            "the Docker engine is not running",
        );
        check(
            "dependency failed to start: container shop-postgres-1 exited (1)",
            "container shop-postgres-1 exited (1)",
        );
        check(
            "container shop-redis-1 is unhealthy",
            "container shop-redis-1 is unhealthy",
        );
        check(
            "service \"secrets\" didn't complete successfully: exit 1",
            "container secrets ended with exit 1",
        );
        check(
            "failed to solve: prom/prometheus:v3.5.0: failed to resolve source metadata for \
             docker.io/prom/prometheus:v3.5.0: failed to do request: Head: dial tcp: no such host",
            "image prom/prometheus:v3.5.0 cannot be had",
        );
        check(
            "Error response from daemon: pull access denied for obsbook/nope, repository does not exist",
            "image obsbook/nope cannot be had",
        );
        check(
            "something else\nyaml: line 3: mapping values",
            "yaml: line 3: mapping values",
        );
        check("", "it said nothing");
    }

    #[test]
    fn a_taken_port_leads_to_the_setting() {
        let problem = ComposeProblem::PortTaken {
            port: 8080,
            setting: Some("NGINX_PORT".to_owned()),
        };
        let error = ComposeError {
            command: "up".to_owned(),
            problem,
        };
        assert_eq!(
            error.to_string(),
            "docker compose up failed: port 8080 is taken"
        );
        assert!(
            error
                .hint()
                .unwrap()
                .contains("NGINX_PORT=18080 obsbook up")
        );
    }
}
