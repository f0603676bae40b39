//! What containers mount from this machine, for an engine that is on another one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::handle::Stack;
use crate::engine::{Compose, ComposeError, EngineError, state_dir};

impl Stack {
    /// Sends the files that the containers of a profile mount; does nothing where the engine is on this machine.
    ///
    /// # Errors
    /// The compose files cannot be read, or the engine does not take a file.
    pub async fn send_mounted<E>(&self, compose: &Compose, profile: &str) -> Result<(), E>
    where
        E: From<ComposeError> + From<EngineError>,
    {
        if !self.engine().is_elsewhere() {
            return Ok(());
        }
        let config = compose.config_json(profile).await?;
        // Compose writes paths without the `..` that settings may have.
        let folders = [compose.folder(), compose.root.clone(), state_dir()]
            .map(|folder| folder.canonicalize().unwrap_or(folder));
        let ours = |path: &PathBuf| {
            let whole = path.canonicalize();
            folders.iter().any(|folder| {
                path.starts_with(folder)
                    || whole.as_ref().is_ok_and(|whole| whole.starts_with(folder))
            })
        };
        let mounted = sources(&config).filter(ours).filter(|path| path.exists());
        self.engine().lay(&mounted.collect::<BTreeSet<_>>()).await?;
        Ok(())
    }
}

/// The paths that services mount, of whatever machine.
fn sources(config: &Value) -> impl Iterator<Item = PathBuf> {
    let services = config["services"].as_object().into_iter().flatten();
    let mounts = services.flat_map(|(_, service)| service["volumes"].as_array());
    let binds = mounts
        .flatten()
        .filter(|mount| mount["type"].as_str() == Some("bind"));
    binds.filter_map(|mount| {
        mount["source"]
            .as_str()
            .map(|path| Path::new(path).to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bind_mounts_are_sources() {
        let config = serde_json::json!({"services": {
            "a": {"volumes": [
                {"type": "bind", "source": "/book/a.yml", "target": "/a.yml"},
                {"type": "volume", "source": "data", "target": "/data"},
            ]},
            "b": {},
            "c": {"volumes": [{"type": "bind", "source": "/var/run/docker.sock"}]},
        }});
        let found: Vec<_> = sources(&config).collect();
        assert_eq!(
            found,
            ["/book/a.yml", "/var/run/docker.sock"].map(PathBuf::from)
        );
    }
}
