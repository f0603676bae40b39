//! Containers of our own that live as long as one step: deleted at its end, by whoever gives up, or by the next obsbook.

use std::collections::HashMap;
use std::path::Path;

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptions, ListContainersOptions, RemoveContainerOptions, UploadToContainerOptions,
};

use super::address::Address;
use super::client::Engine;
use super::error::EngineError;

/// Marks them with the number of the process that needs them.
const OWNER: &str = "dev.obsbook.job.owner";

/// A container that is deleted when it goes out of scope.
pub(super) struct ThrowAway<'a> {
    engine: &'a Engine,
    id: Option<String>,
}

impl ThrowAway<'_> {
    /// Returns the engine's id of it.
    pub(super) fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Lays the content of an archive into it, from its root folder on, whether it runs or not.
    pub(super) async fn put(&self, archive: Vec<u8>, what: &str) -> Result<(), EngineError> {
        let options = UploadToContainerOptions {
            path: "/".to_owned(),
            ..Default::default()
        };
        let body = bollard::body_full(archive.into());
        let upload = self
            .engine
            .docker
            .upload_to_container(self.id(), Some(options), body);
        self.engine.of_container(upload, what, self.id()).await
    }

    /// Deletes it now, and says if that failed.
    pub(super) async fn delete(mut self) -> Result<(), EngineError> {
        let id = self.id.take().unwrap_or_default();
        self.engine.delete(&id).await
    }
}

impl Drop for ThrowAway<'_> {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let engine = self.engine.clone();
        // Without a runtime we are about to end, and the next obsbook deletes it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { engine.delete(&id).await });
        }
    }
}

impl Engine {
    /// Makes a container, which does not run yet. `what` it is for ends a sentence that begins with "the Docker engine would not".
    ///
    /// # Errors
    /// The engine's refusal.
    pub(super) async fn throw_away(
        &self,
        body: ContainerCreateBody,
        what: &str,
    ) -> Result<ThrowAway<'_>, EngineError> {
        self.delete_left_over().await?;
        let owner = std::process::id().to_string();
        let body = ContainerCreateBody {
            labels: Some(HashMap::from([(OWNER.to_owned(), owner)])),
            ..body
        };
        let made = self
            .docker
            .create_container(None::<CreateContainerOptions>, body)
            .await
            .map_err(|error| self.refusal(&error, what))?;
        Ok(ThrowAway {
            engine: self,
            id: Some(made.id),
        })
    }

    async fn delete(&self, id: &str) -> Result<(), EngineError> {
        let options = RemoveContainerOptions {
            force: true,
            v: true,
            ..Default::default()
        };
        let request = self.docker.remove_container(id, Some(options));
        self.of_container(request, "delete a container", id).await
    }

    /// Deletes what earlier obsbooks left behind: a killed one cannot take its container with it.
    async fn delete_left_over(&self) -> Result<(), EngineError> {
        let what = "delete a container";
        let options = ListContainersOptions {
            all: true,
            filters: Some(HashMap::from([(
                "label".to_owned(),
                vec![OWNER.to_owned()],
            )])),
            ..Default::default()
        };
        let listed = self.docker.list_containers(Some(options)).await;
        for left in listed.map_err(|error| self.refusal(&error, what))? {
            let owner = left
                .labels
                .unwrap_or_default()
                .remove(OWNER)
                .unwrap_or_default();
            let Some(id) = left.id.filter(|_| !self.is_alive(&owner)) else {
                continue;
            };
            match self.delete(&id).await {
                // Another obsbook may be deleting it just now.
                Ok(()) | Err(EngineError::NoSuchContainer { .. } | EngineError::Api { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether the obsbook that made a container may still need it. Processes of other
    /// machines, and of systems without `/proc`, cannot be seen and count as alive.
    fn is_alive(&self, owner: &str) -> bool {
        let here = matches!(self.address(), Address::Socket(_)) && Path::new("/proc/self").exists();
        !here || Path::new("/proc").join(owner).exists()
    }
}
