//! The compose files as YAML: services, profiles and labels, read without Docker.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::block::Signal;
use crate::diagnostic::Diagnostic;
use crate::span::SourceFile;
use crate::yaml::{self, Kind, Node};

/// Label with the container port that an address without a port means.
pub const PORT_LABEL: &str = "dev.obsbook.port";
/// Label with the container port of a service's fault API.
pub const FAULT_PORT_LABEL: &str = "dev.obsbook.faults.port";
/// Label with the path, inside the container, of the fault API's token.
pub const FAULT_TOKEN_LABEL: &str = "dev.obsbook.faults.token";
/// Label naming the kind of data source that a service is.
pub const SOURCE_LABEL: &str = "dev.obsbook.source";

/// Label naming the signal that a service only carries, or holds: `metrics`, `logs`, `traces`, `alerts`.
pub const SIGNAL_LABEL: &str = "dev.obsbook.signal";
/// Label on the toxiproxy that stands between services.
pub const NETWORK_LABEL: &str = "dev.obsbook.network";
/// Label on the Locust that makes the traffic.
pub const LOAD_LABEL: &str = "dev.obsbook.load";
/// Label with the number of users that the traffic has when nothing is broken.
pub const LOAD_USERS_LABEL: &str = "dev.obsbook.load.users";
/// Label saying how a service reads its files again: a signal such as `SIGHUP`, or a path to POST to, such as `/-/reload`.
pub const RELOAD_LABEL: &str = "dev.obsbook.reload";
/// The label of the service in whose container the probe `run` runs its commands unless a block says otherwise.
pub const TOOLBOX_LABEL: &str = "dev.obsbook.toolbox";

/// What obsbook needs to know of the compose files before anything runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposeModel {
    /// The project's name in the files, if they give one.
    pub name: Option<String>,
    /// Every service, by name.
    pub services: BTreeMap<String, Service>,
    /// The files that were read, the first one first.
    pub files: Vec<PathBuf>,
}

/// One service of the model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// The profiles it runs in; none means all.
    pub profiles: Vec<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its image, with variables as they stand in the file.
    pub image: Option<String>,
    /// Its memory limit in bytes, if it is a plain number with a unit.
    pub memory_limit: Option<u64>,
    /// The settings (`X_PORT`) that its published ports are taken from.
    pub port_settings: Vec<String>,
    /// Ports of this machine that it publishes its own on unless a setting says otherwise: this machine's, then its own.
    pub usual_ports: Vec<(u16, u16)>,
}

impl Service {
    /// Returns whether the service runs when `profile` is active.
    pub fn runs_in(&self, profile: &str) -> bool {
        self.profiles.is_empty() || self.profiles.iter().any(|name| name == profile)
    }

    /// Returns the signal that the service holds or carries: without it, labs of other signals still work.
    pub fn signal(&self) -> Option<Signal> {
        let named = self
            .labels
            .get(SIGNAL_LABEL)
            .and_then(|name| Signal::of(name));
        let source = || Signal::of_source(self.labels.get(SOURCE_LABEL)?);
        // The shop itself rests on its database.
        named
            .or_else(source)
            .filter(|signal| *signal != Signal::Database)
    }

    /// Returns the container port of the fault API, if the service has one.
    pub fn fault_port(&self) -> Option<u16> {
        self.labels.get(FAULT_PORT_LABEL)?.parse().ok()
    }
}

impl ComposeModel {
    /// Returns the names of all profiles, sorted.
    pub fn profiles(&self) -> BTreeSet<&str> {
        let all = self.services.values().flat_map(|service| &service.profiles);
        all.map(String::as_str).collect()
    }

    /// Returns the first service with this label.
    pub fn labelled(&self, label: &str) -> Option<&str> {
        let found = self
            .services
            .iter()
            .find(|(_, service)| service.labels.contains_key(label));
        found.map(|(name, _)| name.as_str())
    }

    /// Returns the service that is the data source of this kind: `prometheus`, `loki`, `jaeger`.
    pub fn source(&self, kind: &str) -> Option<&str> {
        let is = |service: &Service| {
            service
                .labels
                .get(SOURCE_LABEL)
                .is_some_and(|value| value == kind)
        };
        let found = self.services.iter().find(|(_, service)| is(service));
        found.map(|(name, _)| name.as_str())
    }

    /// Returns the services that run in `profile`, by name.
    pub fn in_profile<'a>(
        &'a self,
        profile: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Service)> {
        let services = self.services.iter();
        services
            .filter(move |(_, service)| service.runs_in(profile))
            .map(|(name, service)| (name.as_str(), service))
    }

    /// Returns the model of `first` and all that it includes. `load` returns a file's text.
    ///
    /// # Errors
    /// The file that cannot be had or is no YAML, as a diagnostic in that file.
    pub fn read(
        first: &Path,
        load: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<Self, Box<Diagnostic>> {
        let mut model = Self::default();
        model.add(first, load)?;
        Ok(model)
    }

    fn add(
        &mut self,
        path: &Path,
        load: &dyn Fn(&Path) -> Result<String, String>,
    ) -> Result<(), Box<Diagnostic>> {
        if self.files.iter().any(|known| known == path) {
            return Ok(());
        }
        self.files.push(path.to_owned());
        let text = load(path).map_err(|reason| {
            let nothing = SourceFile::new(path, "");
            Box::new(
                Diagnostic::new(&nothing, 0..0, format!("failed to read the compose file: {reason}"))
                    .hint("set `compose` under [preprocessor.obsbook] in book.toml to the book's compose file"),
            )
        })?;
        let source = SourceFile::new(path, text);
        let root = yaml::parse(&source.text)
            .map_err(|error| Box::new(Diagnostic::new(&source, error.span, error.message)))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for include in root.get("include").map(Node::items).unwrap_or_default() {
            for file in included(include) {
                self.add(&normal(&folder.join(file)), load)?;
            }
        }
        if self.name.is_none() {
            self.name = root.get("name").and_then(Node::text).map(str::to_owned);
        }
        let services = root.get("services").into_iter().flat_map(Node::entries);
        for (name, node) in services {
            self.services.insert(name.to_owned(), service(node));
        }
        Ok(())
    }
}

/// `include: [file]`, `include: [{path: file}]` and `include: [{path: [file, file]}]`.
fn included(node: &Node) -> Vec<&str> {
    match node.get("path") {
        Some(path) => path
            .text()
            .into_iter()
            .chain(path.items().iter().filter_map(Node::text))
            .collect(),
        None => node.text().into_iter().collect(),
    }
}

/// Returns `path` without `.` and, where it can be told without the disk, without `..`.
pub fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

fn service(node: &Node) -> Service {
    let profiles = node.get("profiles").map(Node::items).unwrap_or_default();
    let limit = node.get("mem_limit").or_else(|| {
        let resources = node.get("deploy")?.get("resources")?;
        resources.get("limits")?.get("memory")
    });
    let ports = node.get("ports").map(Node::items).unwrap_or_default();
    Service {
        profiles: profiles
            .iter()
            .filter_map(Node::text)
            .map(str::to_owned)
            .collect(),
        labels: node.get("labels").map(labels).unwrap_or_default(),
        image: node.get("image").and_then(Node::text).map(str::to_owned),
        memory_limit: limit.and_then(Node::text).and_then(bytes),
        port_settings: ports
            .iter()
            .filter_map(Node::text)
            .flat_map(port_settings)
            .collect(),
        usual_ports: ports
            .iter()
            .filter_map(Node::text)
            .filter_map(usual_port)
            .collect(),
    }
}

fn labels(node: &Node) -> BTreeMap<String, String> {
    match &node.kind {
        Kind::Sequence(items) => items
            .iter()
            .filter_map(|item| item.text()?.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        _ => node
            .entries()
            .filter_map(|(key, value)| Some((key.to_owned(), value.text()?.to_owned())))
            .collect(),
    }
}

/// `256m`, `1g`, `1.5gb`, `1048576`: Compose's own byte values, powers of 1024.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_lowercase();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let factor = match text[digits..].trim_end_matches('b') {
        "" => 1_u64,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss
    )]
    Some((number * factor as f64) as u64)
}

/// The two ports of `127.0.0.1:${X_PORT:-8080}:8080`, or of `8080:80`.
fn usual_port(text: &str) -> Option<(u16, u16)> {
    let (rest, own) = text.trim_end_matches("/tcp").rsplit_once(':')?;
    let digits = rest.trim_end_matches('}');
    let start = digits.rfind(|c: char| !c.is_ascii_digit());
    let usual = &digits[start.map_or(0, |at| at + 1)..];
    Some((usual.parse().ok()?, own.parse().ok()?))
}

/// The `X_PORT` of `127.0.0.1:${X_PORT:-8080}:8080`.
fn port_settings(text: &str) -> Vec<String> {
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split([':', '-', '}', '?']).next())
        .filter(|name| name.ends_with("_PORT"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> ComposeModel {
        let files = |path: &Path| {
            match path.to_str() {
            Some("compose/compose.yaml") => Ok("name: shop\ninclude:\n  - path: app/shop.yaml\n    env_file: v.env\n  - infra.yaml\n".to_owned()),
            Some("compose/app/shop.yaml") => Ok("x-service: &service\n  profiles: [core, full]\n  mem_limit: 64m\nservices:\n  api:\n    <<: *service\n    labels: {dev.obsbook.faults.port: \"9901\"}\n    ports: [\"127.0.0.1:${API_PORT:-80}:80\"]\n".to_owned()),
            Some("compose/infra.yaml") => Ok("services:\n  db:\n    labels: [dev.obsbook.port=5432]\n  extra: {profiles: [full]}\n".to_owned()),
            other => Err(format!("no file {other:?}")),
        }
        };
        ComposeModel::read(Path::new("compose/compose.yaml"), &files).expect("a model")
    }

    #[test]
    fn includes_merges_and_labels_are_read() {
        let model = model();
        assert_eq!(model.name.as_deref(), Some("shop"));
        let api = &model.services["api"];
        assert_eq!(api.fault_port(), Some(9901));
        assert_eq!(api.memory_limit, Some(64 << 20));
        assert_eq!(api.port_settings, ["API_PORT"]);
        assert_eq!(api.usual_ports.len(), 1);
        assert_eq!(model.services["db"].labels[PORT_LABEL], "5432");
        assert_eq!(
            model.profiles().into_iter().collect::<Vec<_>>(),
            ["core", "full"]
        );
        let core: Vec<_> = model.in_profile("core").map(|(name, _)| name).collect();
        assert_eq!(core, ["api", "db"]);
    }

    #[test]
    fn the_book_names_every_label() {
        let page = include_str!("../../../src/reference/own-book.md");
        // The constants of this very file.
        let labels = include_str!("compose.rs").lines().filter_map(|line| {
            let value = line.strip_prefix("pub const ")?.split('"').nth(1)?;
            value.starts_with("dev.obsbook.").then_some(value)
        });
        let missing: Vec<_> = labels
            .filter(|label| !page.contains(&format!("| `{label}` |")))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn a_missing_file_is_a_diagnostic_in_it() {
        let error = ComposeModel::read(Path::new("x.yaml"), &|_| Err("no such file".to_owned()))
            .expect_err("missing");
        assert_eq!(error.file, Path::new("x.yaml"));
    }
}
