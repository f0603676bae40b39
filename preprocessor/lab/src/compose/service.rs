//! One service of a compose file.

use std::collections::BTreeMap;

use super::interpolation::{Variables, interpolate};
use super::model::Service;
use crate::yaml::{Kind, Node};

/// Why a value is not understood, and the value.
pub(super) type NotUnderstood<'n> = (&'n Node, String);

/// Returns a text with its variables replaced; nothing for what is no text.
pub(super) fn text<'n>(
    node: &'n Node,
    variables: Variables<'_>,
) -> Result<Option<String>, NotUnderstood<'n>> {
    let text = node.text().map(|text| interpolate(text, variables));
    text.transpose().map_err(|reason| (node, reason))
}

/// Returns what a service says of itself, without what it extends.
pub(super) fn service<'n>(
    node: &'n Node,
    variables: Variables<'_>,
) -> Result<Service, NotUnderstood<'n>> {
    let limit = node.get("mem_limit").or_else(|| {
        let resources = node.get("deploy")?.get("resources")?;
        resources.get("limits")?.get("memory")
    });
    let limit = match limit {
        Some(limit) => text(limit, variables)?,
        None => None,
    };
    let ports = node.get("ports").map(Node::items).unwrap_or_default();
    let ports: Vec<String> = ports.iter().filter_map(port).collect();
    let mut service = Service {
        profiles: Vec::new(),
        labels: BTreeMap::new(),
        image: node.get("image").and_then(Node::text).map(str::to_owned),
        memory_limit: limit.as_deref().and_then(bytes),
        port_settings: ports.iter().flat_map(|port| port_settings(port)).collect(),
        usual_ports: ports.iter().filter_map(|port| usual_port(port)).collect(),
    };
    for profile in node.get("profiles").map(Node::items).unwrap_or_default() {
        service.profiles.extend(text(profile, variables)?);
    }
    if let Some(node) = node.get("labels") {
        service.labels = labels(node, variables)?;
    }
    Ok(service)
}

impl Service {
    /// Returns the service with what it says beyond the one that it extends: as Compose merges the two.
    pub(super) fn over(self, base: Self) -> Self {
        let Self {
            mut profiles,
            mut labels,
            image,
            memory_limit,
            mut port_settings,
            mut usual_ports,
        } = base;
        let new = |own: &String| !profiles.contains(own);
        let own: Vec<String> = self.profiles.into_iter().filter(new).collect();
        profiles.extend(own);
        labels.extend(self.labels);
        port_settings.extend(self.port_settings);
        usual_ports.extend(self.usual_ports);
        Self {
            profiles,
            labels,
            image: self.image.or(image),
            memory_limit: self.memory_limit.or(memory_limit),
            port_settings,
            usual_ports,
        }
    }
}

fn labels<'n>(
    node: &'n Node,
    variables: Variables<'_>,
) -> Result<BTreeMap<String, String>, NotUnderstood<'n>> {
    let mut labels = BTreeMap::new();
    if let Kind::Sequence(items) = &node.kind {
        for item in items {
            let Some(item) = text(item, variables)? else {
                continue;
            };
            let (key, value) = item.split_once('=').unwrap_or((&item, ""));
            labels.insert(key.to_owned(), value.to_owned());
        }
    }
    for (key, value) in node.merged_entries() {
        let value = text(value, variables)?.unwrap_or_default();
        labels.insert(key.to_owned(), value);
    }
    Ok(labels)
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

/// Returns a published port in the short form, variables as they stand: `8080:80` for `{target: 80, published: 8080}` as well.
fn port(node: &Node) -> Option<String> {
    if let Some(short) = node.text() {
        return Some(short.to_owned());
    }
    let part = |key| node.get(key).and_then(Node::text);
    let protocol = part("protocol").unwrap_or("tcp");
    let (published, target) = (part("published")?, part("target")?);
    Some(format!("{published}:{target}/{protocol}"))
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
