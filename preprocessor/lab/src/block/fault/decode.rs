//! How a block spells a fault.

use std::path::{Path, PathBuf};

use super::keys::{FAULTS, SCENARIO};
use super::kinds::{Fault, FaultKind};
use crate::block::decode::Decoder;
use crate::block::exercise::EDIT;
use crate::block::grammar::{Key, Keys, Value, names};
use crate::compose::{LOAD_LABEL, normal};
use crate::suggest;
use crate::yaml::{Kind, Node};

impl Decoder<'_> {
    /// Returns the fault that an item of `inject`, or a `disproved_by`, spells.
    pub(in crate::block) fn fault(&mut self, node: &Node) -> Option<Fault> {
        let Kind::Mapping(entries) = &node.kind else {
            let hint = "name the fault and its service, such as `kill: { service: order-api }`";
            self.report(
                &node.span,
                format!(
                    "a fault is {}, not a name with its settings",
                    node.describe()
                ),
                hint,
            );
            return None;
        };
        let [(name, settings)] = entries.as_slice() else {
            self.report(
                &node.span,
                "one fault an item",
                "put each fault behind a `- ` of its own",
            );
            return None;
        };
        let word = name.text().unwrap_or_default();
        if word == EDIT.name {
            let hint = "with `kind: exercise`, beside `inject`: an exercise has one edit, and it comes first";
            self.report(
                &name.span,
                "`edit` is a key of the block, not a fault",
                hint,
            );
            return None;
        }
        if word == SCENARIO.name {
            let hint =
                "it stands under `inject`, where it may be several faults; name one fault here";
            self.report(&name.span, "a scenario in place of a fault", hint);
            return None;
        }
        let Some(fault) = FAULTS.iter().find(|fault| fault.name == word) else {
            self.report(
                &name.span,
                format!("unknown fault `{word}`"),
                suggest::hint(word, names(&FAULTS)),
            );
            return None;
        };
        let (service, kind) = self.fault_settings(fault, name, settings)?;
        if kind.needs_fault_api() && !self.has_fault_api(&service) {
            let message =
                format!("service `{service}` has no fault API, so it cannot carry `{word}`");
            let able = self.services_with_fault_api().join(", ");
            let hint = format!(
                "services that can: {able}; or break it from outside: kill, stop, pause, restart"
            );
            self.report(&settings.span, message, hint);
            return None;
        }
        Some(Fault { service, kind })
    }

    /// Returns the faults of `inject`, those of scenarios in their place.
    pub(in crate::block) fn faults(&mut self, node: &Node) -> Vec<Fault> {
        let items = self.list(node, "inject").to_vec();
        let mut faults = Vec::new();
        for item in &items {
            match item.get(SCENARIO.name) {
                Some(name) if item.entries().count() == 1 => faults.extend(self.scenario(name)),
                _ => faults.extend(self.fault(item)),
            }
        }
        faults
    }

    fn scenario(&mut self, node: &Node) -> Vec<Fault> {
        let Some(name) = self.text(node, "scenario") else {
            return Vec::new();
        };
        let known = &self.around.scenarios;
        if let Some(scenario) = known.get(&name.value) {
            return scenario.faults.clone();
        }
        let hint = suggest::hint(&name.value, known.keys().map(String::as_str));
        self.report(
            &name.span,
            format!("there is no scenario `{}`", name.value),
            hint,
        );
        Vec::new()
    }

    fn fault_settings(
        &mut self,
        fault: &Key,
        name: &Node,
        settings: &Node,
    ) -> Option<(String, FaultKind)> {
        let word = fault.name;
        if word == "network" {
            return self.network(name, settings);
        }
        // `kill: order-api` says all there is to say.
        if settings.text().is_some() && matches!(fault.value, Value::ServiceOr(_)) {
            let service = self.service(settings)?;
            return Some((service, simple(word)));
        }
        let keys = fault.settings()?;
        if !self.mapping(settings, keys) {
            return None;
        }
        if word == "load" {
            return self.load(keys, name, settings);
        }
        let Some(service) = settings.get("service") else {
            self.report(
                &name.span,
                format!("`{word}` names no service"),
                format!("`{word}: {{ service: order-api }}`"),
            );
            return None;
        };
        let service = self.service(service);
        let ratio = match settings.get("ratio") {
            Some(node) => self.share(node, "ratio"),
            None => Some(1.0),
        };
        let kind = match word {
            "latency" => {
                let Some(by) = settings.get("by") else {
                    self.report(
                        &name.span,
                        "`latency` does not say by how much",
                        format!("add `by: {}`", keys.example("by")),
                    );
                    return None;
                };
                let by = self.duration(by, "by")?;
                FaultKind::Latency {
                    by_ms: u64::try_from(by.as_millis()).unwrap_or(u64::MAX),
                    ratio: ratio?,
                }
            }
            "error" => FaultKind::Error { ratio: ratio? },
            "config" => self.config(name, settings)?,
            "limits" => self.limits(name, settings)?,
            "memory" => FaultKind::Memory {
                mib: self.amount(keys, name, settings, "mib")?,
            },
            "retries" => FaultKind::Retries {
                attempts: self.amount(keys, name, settings, "attempts")?,
            },
            "leak" => FaultKind::Leak {
                connections: self.amount(keys, name, settings, "connections")?,
            },
            _ => simple(word),
        };
        Some((service?, kind))
    }

    /// Returns the number that a fault cannot do without.
    fn amount(&mut self, keys: &Keys, name: &Node, settings: &Node, key: &str) -> Option<u64> {
        match settings.get(key) {
            Some(node) => self.count(node, key),
            None => {
                let hint = format!("add `{key}: {}`", keys.example(key));
                let message = format!("{} does not say how much", keys.what);
                self.report(&name.span, message, hint);
                None
            }
        }
    }

    fn config(&mut self, name: &Node, settings: &Node) -> Option<FaultKind> {
        let (Some(file), Some(target)) = (settings.get("file"), settings.get("as")) else {
            let hint = "`config: { service: prometheus, file: labs/broken.yml, as: /etc/prometheus/prometheus.yml }`";
            self.report(&name.span, "`config` needs `file` and `as`", hint);
            return None;
        };
        let file = self.file(file)?;
        let target = self.text(target, "as")?;
        if !target.value.starts_with('/') {
            let message = format!("`{}` is no path in a container", target.value);
            self.report(&target.span, message, "the whole path, from `/` on");
            return None;
        }
        Some(FaultKind::Config {
            file,
            target: target.value,
        })
    }

    /// Returns the path of a file that is there, relative to the book's root.
    pub(in crate::block) fn file(&mut self, node: &Node) -> Option<PathBuf> {
        let text = self.text(node, "file")?;
        let path = normal(Path::new(&text.value));
        let known = self.around.files.as_ref();
        if known.is_some_and(|known| !known.contains(&path)) {
            let names = known.iter().flat_map(|known| known.iter());
            let names: Vec<_> = names.filter_map(|path| path.to_str()).collect();
            let message = format!(
                "there is no file `{}` in the book's `labs` or `solutions`",
                text.value
            );
            let hint = suggest::hint(&text.value, names);
            self.report(&text.span, message, hint);
            return None;
        }
        Some(path)
    }

    fn limits(&mut self, name: &Node, settings: &Node) -> Option<FaultKind> {
        let (mib, cpus) = (settings.get("mib"), settings.get("cpus"));
        if mib.is_none() && cpus.is_none() {
            let hint = "add `mib: 64` or `cpus: 0.2`, or both";
            self.report(&name.span, "`limits` does not say what it limits", hint);
            return None;
        }
        let mib = mib.map(|node| self.count(node, "mib"));
        let cpus = cpus.map(|node| self.processors(node));
        if mib == Some(None) || cpus == Some(None) {
            return None;
        }
        Some(FaultKind::Limits {
            mib: mib.flatten(),
            cpus: cpus.flatten(),
        })
    }

    /// Returns a number of processors, which need not be whole.
    fn processors(&mut self, node: &Node) -> Option<f64> {
        let text = self.text(node, "cpus")?;
        let parsed = text.value.parse::<f64>().ok();
        let fine = parsed.filter(|number| (0.01..=1024.0).contains(number));
        if fine.is_none() {
            let message = format!("`{}` is not a number of processors", text.value);
            self.report(&node.span, message, "0.01 or more, such as 0.2");
        }
        fine
    }

    fn load(&mut self, keys: &Keys, name: &Node, settings: &Node) -> Option<(String, FaultKind)> {
        let labelled = self
            .around
            .model
            .as_ref()
            .map(|model| model.labelled(LOAD_LABEL));
        let service = match (settings.get("service"), labelled) {
            (Some(node), _) => self.service(node)?,
            (None, Some(Some(service))) => service.to_owned(),
            (None, Some(None)) => {
                let hint = format!("label the service that runs Locust: `{LOAD_LABEL}: locust`");
                self.report(
                    &name.span,
                    "this stack has no service that makes traffic",
                    hint,
                );
                return None;
            }
            (None, None) => String::new(),
        };
        let users = self.amount(keys, name, settings, "users")?;
        Some((service, FaultKind::Load { users }))
    }

    fn has_fault_api(&self, service: &str) -> bool {
        self.around
            .model
            .as_ref()
            .and_then(|model| model.services.get(service))
            .is_none_or(|service| service.fault_port().is_some())
    }

    fn services_with_fault_api(&self) -> Vec<String> {
        let services = self.around.model.iter().flat_map(|model| &model.services);
        services
            .filter(|(_, service)| service.fault_port().is_some())
            .map(|(name, _)| name.clone())
            .collect()
    }
}

fn simple(word: &str) -> FaultKind {
    match word {
        "stall" => FaultKind::Stall,
        "crash" => FaultKind::Crash,
        "kill" => FaultKind::Kill,
        "stop" => FaultKind::Stop,
        "pause" => FaultKind::Pause,
        _ => FaultKind::Restart,
    }
}
