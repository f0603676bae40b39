//! What obsbook knows of the compose files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::labels::{FAULT_PORT_LABEL, SIGNAL_LABEL, SOURCE_LABEL};
use crate::block::Signal;

/// What obsbook needs to know of the compose files before anything runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ComposeModel {
    /// The project's name in the files, if they give one.
    pub name: Option<String>,
    /// Every service, by name.
    pub services: BTreeMap<String, Service>,
    /// The files that were read, the first one first.
    pub files: Vec<PathBuf>,
    /// Files and folders that services are built from, mount and take variables from, whether they are there or not.
    pub parts: BTreeSet<PathBuf>,
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
}
