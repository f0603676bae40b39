//! The images that a profile of the compose model builds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

/// One image that is to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The image's reference.
    pub(super) image: String,
    /// A service that builds it.
    pub(super) service: String,
    /// The folder whose files the build can reach.
    pub(super) context: PathBuf,
    /// The Dockerfile, relative to the context.
    pub(super) dockerfile: PathBuf,
    /// The Dockerfile itself, when the compose file holds it.
    pub(super) inline: Option<String>,
    /// The stage that the build ends with.
    pub(super) stage: Option<String>,
    /// Build arguments.
    pub(super) args: BTreeMap<String, String>,
    /// Further contexts by name: folders, and what else Compose knows.
    pub(super) contexts: BTreeMap<String, String>,
}

/// Reads the images to be built from `docker compose config`, each once, sorted by reference.
pub(super) fn targets(config: &Value) -> Vec<Target> {
    let project = config
        .get("name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let services = config.get("services").and_then(Value::as_object);
    let mut found: BTreeMap<String, Target> = BTreeMap::new();
    for (service, value) in services.into_iter().flatten() {
        let Some(build) = value.get("build") else {
            continue;
        };
        let text = |name: &str| build.get(name).and_then(Value::as_str);
        let image = match value.get("image").and_then(Value::as_str) {
            Some(image) => image.to_owned(),
            // What Compose calls the image of a service that names none.
            None => format!("{project}-{service}"),
        };
        let target = Target {
            image: image.clone(),
            service: service.clone(),
            context: text("context").unwrap_or(".").into(),
            dockerfile: text("dockerfile").unwrap_or("Dockerfile").into(),
            inline: text("dockerfile_inline").map(str::to_owned),
            stage: text("target").map(str::to_owned),
            args: strings(build.get("args")),
            contexts: strings(build.get("additional_contexts")),
        };
        // Several services may run one image; building it once is enough.
        found.entry(image).or_insert(target);
    }
    found.into_values().collect()
}

fn strings(value: Option<&Value>) -> BTreeMap<String, String> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            (name.clone(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_that_build_are_found_once_an_image() {
        let config = serde_json::json!({
            "name": "shop",
            "services": {
                "a": { "image": "obsbook/a:1", "build": {
                    "context": "/r/a", "dockerfile": "Dockerfile", "target": "packages",
                    "args": { "X": "1", "Y": null } } },
                "again": { "image": "obsbook/a:1", "build": { "context": "/r/a" } },
                "nameless": { "build": { "context": "/r/n", "dockerfile": "sub/Dockerfile" } },
                "pulled": { "image": "redis:7" }
            }
        });
        let found = targets(&config);
        let names: Vec<(&str, &str)> = found
            .iter()
            .map(|target| (target.image.as_str(), target.service.as_str()))
            .collect();
        assert_eq!(names, [("obsbook/a:1", "a"), ("shop-nameless", "nameless")]);
        assert_eq!(found[0].args["Y"], "");
        assert_eq!(found[0].stage.as_deref(), Some("packages"));
    }
}
