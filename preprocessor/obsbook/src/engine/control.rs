//! Starting, stopping and freezing containers.
//!
//! Faults are undone by these calls, sometimes twice and sometimes after somebody else did it, so
//! a container that is already in the wanted state is a success. Engines differ in how they refuse
//! the superfluous call (304, 409 or 500), so the state is looked at instead of the refusal.

use bollard::query_parameters::{
    KillContainerOptions, RestartContainerOptions, StartContainerOptions, StopContainerOptions,
};

use super::client::Engine;
use super::container::State;
use super::error::EngineError;

impl Engine {
    /// Starts a container; a running one is left alone.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal.
    pub async fn start(&self, id: &str) -> Result<(), EngineError> {
        let request = self
            .docker
            .start_container(id, None::<StartContainerOptions>);
        let answer = self.of_container(request, "start a container", id).await;
        self.unless(answer, id, |state| state == State::Running)
            .await
    }

    /// Stops a container with its own signal and grace period; an ended one is left alone.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal.
    pub async fn stop(&self, id: &str) -> Result<(), EngineError> {
        let request = self.docker.stop_container(id, None::<StopContainerOptions>);
        let answer = self.of_container(request, "stop a container", id).await;
        self.unless(answer, id, ended).await
    }

    /// Kills a container with SIGKILL; an ended one is left alone. The restart policy does not
    /// bring it back.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal.
    pub async fn kill(&self, id: &str) -> Result<(), EngineError> {
        let options = KillContainerOptions {
            signal: "KILL".to_owned(),
        };
        let request = self.docker.kill_container(id, Some(options));
        let answer = self.of_container(request, "kill a container", id).await;
        self.unless(answer, id, ended).await
    }

    /// Sends a signal, such as `SIGHUP`, to a container's first process.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal (of a container that does not run).
    pub async fn signal(&self, id: &str, signal: &str) -> Result<(), EngineError> {
        let options = KillContainerOptions {
            signal: signal.to_owned(),
        };
        let request = self.docker.kill_container(id, Some(options));
        self.of_container(request, "signal a container", id).await
    }

    /// Freezes the processes of a container; a paused one is left alone.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal (of a container that does not run).
    pub async fn pause(&self, id: &str) -> Result<(), EngineError> {
        let request = self.docker.pause_container(id);
        let answer = self.of_container(request, "pause a container", id).await;
        self.unless(answer, id, |state| state == State::Paused)
            .await
    }

    /// Lets the processes of a container go on; one that is not paused is left alone.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal.
    pub async fn unpause(&self, id: &str) -> Result<(), EngineError> {
        let request = self.docker.unpause_container(id);
        let answer = self.of_container(request, "unpause a container", id).await;
        self.unless(answer, id, |state| state != State::Paused)
            .await
    }

    /// Stops a container with its own grace period and starts it again; an ended one is started.
    ///
    /// # Errors
    /// `NoSuchContainer`, or the engine's refusal.
    pub async fn restart(&self, id: &str) -> Result<(), EngineError> {
        let request = self
            .docker
            .restart_container(id, None::<RestartContainerOptions>);
        self.of_container(request, "restart a container", id).await
    }

    async fn unless(
        &self,
        answer: Result<(), EngineError>,
        id: &str,
        wanted: impl Fn(State) -> bool,
    ) -> Result<(), EngineError> {
        match answer {
            Err(EngineError::Api {
                what,
                status,
                message,
            }) => {
                if wanted(self.inspect(id).await?.state) {
                    return Ok(());
                }
                Err(EngineError::Api {
                    what,
                    status,
                    message,
                })
            }
            answer => answer,
        }
    }
}

fn ended(state: State) -> bool {
    matches!(state, State::Created | State::Exited | State::Dead)
}
