//! What a reader has edited, in a service of the stack: mounted and read again, or built into its image.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use obsbook_lab::address::Address;
use obsbook_lab::block::Reach;
use obsbook_lab::compose::RELOAD_LABEL;
use serde_json::json;

use super::config::{self, ConfigError};
use crate::images::copy_context;
use crate::stack::Stack;

/// Puts `file`, of the book, in the place of `target` in a service; another one that was there before makes room.
pub(super) async fn put(
    stack: &Stack,
    service: &str,
    file: &Path,
    target: &str,
    reach: Reach,
) -> Result<(), ConfigError> {
    match reach {
        Reach::Reload => reload(stack, service, file, target).await,
        Reach::Rebuild => rebuild(stack, service, file, target).await,
    }
}

/// The file is mounted from a copy, whose content can change while the container runs.
async fn reload(
    stack: &Stack,
    service: &str,
    file: &Path,
    target: &str,
) -> Result<(), ConfigError> {
    let copy = config::folder(stack, service).join("edit");
    let container = stack.container(service).await?;
    let is_mounted = container.is_some_and(|container| mounts(&container.mounts, target, &copy));
    config::copy(&stack.compose().root.join(file), &copy)?;
    if !is_mounted {
        let mount = json!({"type": "bind", "source": copy, "target": target, "read_only": true});
        let part = json!({"services": {service: {"volumes": [mount]}}});
        config::with_part(stack, service, "edit", &part)?;
    }
    if !is_mounted || stack.engine().is_elsewhere() {
        // Sent or made anew it is another file, which the mount of a container that is there does not follow.
        return config::make_anew_again(stack, service).await;
    }
    tell(stack, service).await
}

/// Whether a container has `copy`, the file that is there now, at `target`. Where the engine runs in a virtual machine, it
/// puts a folder of its own before the path.
fn mounts(mounts: &BTreeMap<String, String>, target: &str, copy: &Path) -> bool {
    let below_root = copy.strip_prefix("/").unwrap_or(copy);
    let source = mounts.get(target).map(Path::new);
    source.is_some_and(|source| source.ends_with(below_root)) && copy.exists()
}

/// Makes the service read its files again, in the way that its label names.
async fn tell(stack: &Stack, service: &str) -> Result<(), ConfigError> {
    let labels = stack
        .model()
        .services
        .get(service)
        .map(|known| &known.labels);
    let way = labels.and_then(|labels| labels.get(RELOAD_LABEL));
    let container = stack.container(service).await?;
    let container = container.ok_or_else(|| ConfigError::NoContainer(service.to_owned()))?;
    let refused = |reason: String| ConfigError::Refused {
        service: service.to_owned(),
        reason,
    };
    match way.map(String::as_str) {
        None => stack.engine().restart(&container.id).await?,
        Some(signal) if signal.starts_with("SIG") => {
            stack.engine().signal(&container.id, signal).await?;
        }
        Some(path) => {
            let address = Address::parse(&format!("{service}{path}"))
                .map_err(|error| refused(error.message))?;
            let url = stack.url(&address).await;
            let url = url.map_err(|error| refused(error.to_string()))?;
            let answer = stack.http().post(&url).send().await;
            let answer = answer.map_err(|error| refused(error.to_string()))?;
            if !answer.status().is_success() {
                let text = answer.text().await.unwrap_or_default();
                return Err(refused(text.trim().to_owned()));
            }
        }
    }
    Ok(())
}

/// The image is built from a copy of its context, in which the file is another one.
async fn rebuild(
    stack: &Stack,
    service: &str,
    file: &Path,
    target: &str,
) -> Result<(), ConfigError> {
    let model = stack.compose().config_json("*").await?;
    let build = &model["services"][service]["build"];
    let text = |name: &str| build[name].as_str();
    let Some(context) = text("context").map(PathBuf::from) else {
        return Err(ConfigError::NotBuilt(service.to_owned()));
    };
    if !context.join(target).is_file() {
        return Err(ConfigError::NoSuchFile {
            context,
            target: target.to_owned(),
        });
    }
    let copy = config::folder(stack, service).join("context");
    let dockerfile = Path::new(text("dockerfile").unwrap_or("Dockerfile"));
    let copied = || -> io::Result<()> {
        if copy.exists() {
            fs::remove_dir_all(&copy)?;
        }
        copy_context(&context, dockerfile, &copy)
    };
    copied().map_err(|cause| ConfigError::File {
        path: copy.clone(),
        cause,
    })?;
    config::copy(&stack.compose().root.join(file), &copy.join(target))?;
    let image = format!("obsbook-edit/{}-{service}", stack.project());
    let part = json!({"services": {service: {"image": image, "build": {"context": copy}}}});
    let with_part = config::with_part(stack, service, "edit", &part)?;
    with_part
        .build("*", &[service.to_owned()], &mut |_| {})
        .await?;
    config::make_anew(stack, service).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_an_earlier_container_had_is_not_mounted() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("edit");
        fs::write(&copy, "").expect("written");
        let own = copy.display().to_string();
        let check = |source: &str, copy: &Path, expected: bool| {
            let found = BTreeMap::from([("/rules.yml".to_owned(), source.to_owned())]);
            assert_eq!(mounts(&found, "/rules.yml", copy), expected, "{source}");
            assert!(!mounts(&found, "/other.yml", copy), "{source}");
        };
        check(&own, &copy, true);
        check(&format!("/host_mnt{own}"), &copy, true);
        check("/book/rules.yml", &copy, false);
        // What is mounted was removed since: the container keeps it, and would not see another one.
        fs::remove_file(&copy).expect("removed");
        check(&own, &copy, false);
    }
}
