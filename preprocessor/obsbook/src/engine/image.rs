//! Images, and whether a registry has one.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bollard::query_parameters::{CreateImageOptions, TagImageOptions};
use futures_util::TryStreamExt;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::client::Engine;
use super::error::EngineError;

/// A network that swallows packets must not hold up the choice of where images come from.
const REGISTRY: Duration = Duration::from_secs(6);

/// Returns the repository and the tag of an image's reference; without a tag it is `latest`.
///
/// A colon before the last slash belongs to a port.
pub fn split_reference(reference: &str) -> (&str, &str) {
    reference
        .rsplit_once(':')
        .filter(|(_, tag)| !tag.contains('/'))
        .unwrap_or((reference, "latest"))
}

impl Engine {
    /// Returns the id of an image, or none when the engine has no such image.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn image_id(&self, reference: &str) -> Result<Option<String>, EngineError> {
        let answer = self.docker.inspect_image(reference).await;
        match answer.map_err(|error| self.refusal(&error, "inspect an image")) {
            Ok(image) => Ok(image.id),
            Err(EngineError::Api { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the digests by which registries know an image, each `REPOSITORY@DIGEST`, or none when the engine
    /// has no such image.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn image_digests(&self, reference: &str) -> Result<Option<Vec<String>>, EngineError> {
        let answer = self.docker.inspect_image(reference).await;
        match answer.map_err(|error| self.refusal(&error, "inspect an image")) {
            Ok(image) => Ok(Some(image.repo_digests.unwrap_or_default())),
            Err(EngineError::Api { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Pulls an image as the `docker` command does, with the credentials that it keeps.
    ///
    /// # Errors
    /// The last line that the command wrote.
    pub async fn pull(&self, reference: String) -> Result<(), String> {
        let mut command = Command::new("docker");
        command.envs(self.docker_host().map(|host| ("DOCKER_HOST", host)));
        command.args(["pull", "--quiet", &reference]);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr);
        Err(text.lines().last().unwrap_or_default().to_owned())
    }

    /// Gives an image a further name.
    ///
    /// # Errors
    /// There is no such image, or the engine does not answer.
    pub async fn tag(&self, image: &str, reference: &str) -> Result<(), EngineError> {
        let (repository, tag) = split_reference(reference);
        let options = TagImageOptions {
            repo: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
        };
        let tagged = self.docker.tag_image(image, Some(options)).await;
        tagged.map_err(|error| self.refusal(&error, "tag an image"))
    }

    /// Returns whether the registry of an image answers and has it. The engine asks, by its own
    /// route (its proxy, its mirrors); six seconds without an answer count as none.
    pub async fn registry_answers(&self, reference: &str) -> bool {
        let request = self.docker.inspect_registry_image(reference, None);
        matches!(tokio::time::timeout(REGISTRY, request).await, Ok(Ok(_)))
    }

    /// Makes an image from a tar file of a root file system, and returns its id.
    ///
    /// # Errors
    /// A file that cannot be read, or the engine's refusal.
    pub async fn import_image(
        &self,
        rootfs: &Path,
        reference: &str,
        message: &str,
    ) -> Result<String, EngineError> {
        let what = format!("import {reference}");
        let unreadable = |error: std::io::Error| EngineError::Api {
            what: what.clone(),
            status: 0,
            message: format!("{}: {error}", rootfs.display()),
        };
        let file = tokio::fs::File::open(rootfs).await.map_err(unreadable)?;
        let parts = futures_util::stream::try_unfold(file, async |mut file| {
            let mut part = vec![0; 1 << 18];
            let length = file.read(&mut part).await?;
            part.truncate(length);
            Ok((length > 0).then(|| (part.into(), file)))
        });
        let (repository, tag) = split_reference(reference);
        let options = CreateImageOptions {
            from_src: Some("-".to_owned()),
            repo: Some(repository.to_owned()),
            tag: Some(tag.to_owned()),
            message: Some(message.to_owned()),
            ..Default::default()
        };
        // The answer begins when the whole file has been taken in, which a slow disk may delay.
        self.docker
            .clone()
            .with_timeout(Duration::from_secs(900))
            .create_image(Some(options), Some(bollard::body_try_stream(parts)), None)
            .try_collect::<Vec<_>>()
            .await
            .map_err(|error| self.refusal(&error, &what))?;
        self.image_id(reference)
            .await?
            .ok_or_else(|| EngineError::Api {
                what,
                status: 0,
                message: "it took the file, but has no image of that name".to_owned(),
            })
    }
}
