//! The handle on a stack: its engine, its compose project, its containers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::Duration;

use obsbook_lab::compose::{ComposeModel, FAULT_TOKEN_LABEL};

use super::lock::{Lock, LockError};
use super::marks::Mark;
use crate::book::LoadedBook;
use crate::engine::{Compose, Container, Engine, EngineError, state_dir};

/// What the command line says about the stack.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The compose project, instead of the book's own.
    pub project: Option<Project>,
    /// Whether published ports are free ones instead of the usual ones.
    pub dynamic_ports: bool,
}

/// A compose project that is not the book's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Whether it is there for one job of a run, which takes it down in the end.
    pub of_job: bool,
}

impl From<String> for Project {
    /// Returns the project that somebody has named.
    fn from(name: String) -> Self {
        Self {
            name,
            of_job: false,
        }
    }
}

/// One running instance of the compose model, or the place for one.
#[derive(Debug, Clone)]
pub struct Stack {
    engine: Engine,
    compose: Compose,
    model: ComposeModel,
    http: reqwest::Client,
    of_job: bool,
}

/// Why there is no handle on a stack.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The book has no compose file that could be read.
    #[error("the book's compose file cannot be read")]
    NoModel,
}

impl StackError {
    /// Returns the next command to type.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::NoModel => Some("obsbook lint".to_owned()),
        }
    }
}

impl Stack {
    /// Returns the stack of a book, whether it is up or not.
    ///
    /// # Errors
    /// The engine does not answer, or the book has no compose file.
    pub async fn open(book: &LoadedBook, options: &Options) -> Result<Self, StackError> {
        Self::on(Engine::connect().await?, book, options)
    }

    /// Returns the stack of a book on an engine that answers.
    ///
    /// # Errors
    /// The book has no compose file.
    pub fn on(engine: Engine, book: &LoadedBook, options: &Options) -> Result<Self, StackError> {
        let model = book.around.model.clone().ok_or(StackError::NoModel)?;
        let project = options.project.clone();
        let Project { name, of_job } = project.unwrap_or_else(|| book.project().into());
        let compose = Compose {
            root: book.root.clone(),
            project: name,
            files: vec![book.root.join(book.settings.compose_file(&book.root))],
            beside: Vec::new(),
            env: engine
                .docker_host()
                .map(|host| ("DOCKER_HOST".to_owned(), host))
                .into_iter()
                .collect(),
            lock: Weak::new(),
        };
        let mut stack = Self {
            engine,
            compose,
            model,
            http: client(),
            of_job,
        };
        let has_free_ports = Mark::FreePorts.is_set(&stack.directory());
        if options.dynamic_ports || book.settings.dynamic_ports || has_free_ports {
            let services = stack.model.services.values();
            let settings = services.flat_map(|service| &service.port_settings);
            let free = settings.map(|setting| (setting.clone(), "0".to_owned()));
            stack.compose.env.extend(free);
        }
        Ok(stack)
    }

    /// Remembers, for later commands, whether the stack has free ports, and whether it is a job's.
    pub(super) fn remember_ports(&self) {
        self.mark(&self.directory());
    }

    fn mark(&self, folder: &Path) {
        if self.compose.env.iter().any(|(_, port)| port == "0") {
            Mark::FreePorts.set(folder);
        }
        if self.of_job {
            Mark::OfJob.set(folder);
        } else {
            // What a job has left is theirs who bring it up by its name.
            Mark::OfJob.clear(folder);
        }
    }

    /// Forgets how the stack was brought up: it is down.
    pub fn forget_ports(&self) {
        for mark in Mark::ALL {
            mark.clear(&self.directory());
        }
    }

    /// Returns whether the stack is to be a job's, and one that no job made is up in its place.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn is_taken(&self) -> Result<bool, EngineError> {
        let may_be_taken = self.of_job && !Mark::OfJob.is_set(&self.directory());
        Ok(may_be_taken && !self.containers().await?.is_empty())
    }

    /// Returns the engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns how `docker compose` is called for this stack.
    pub fn compose(&self) -> &Compose {
        &self.compose
    }

    /// Takes the stack for this process alone, for as long as the lock lives. `tell` receives a line when that takes a while.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub async fn lock(&mut self, tell: &mut (dyn FnMut(&str) + Send)) -> Result<Lock, LockError> {
        let lock = Lock::take(&self.directory(), tell).await?;
        self.compose.lock = lock.file();
        Ok(lock)
    }

    /// Sets variables for every call of `docker compose`.
    pub fn set_environment(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        self.compose.env.extend(variables);
    }

    /// Makes profiles active beside the one that is booted.
    pub fn set_profiles_beside(&mut self, profiles: Vec<String>) {
        self.compose.beside = profiles;
    }

    /// Returns the services that run when `profile` is booted.
    pub fn services_in(&self, profile: &str) -> BTreeSet<String> {
        let beside = self.compose.beside.iter().map(String::as_str);
        let profiles = std::iter::once(profile).chain(beside);
        let services = profiles.flat_map(|profile| self.model.in_profile(profile));
        services.map(|(name, _)| name.to_owned()).collect()
    }

    /// Returns the compose model.
    pub fn model(&self) -> &ComposeModel {
        &self.model
    }

    /// Returns the compose project's name.
    pub fn project(&self) -> &str {
        &self.compose.project
    }

    /// Returns the client for requests to services.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Returns all containers of the stack, stopped ones too.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn containers(&self) -> Result<Vec<Container>, EngineError> {
        self.engine.containers(self.project()).await
    }

    /// Returns the container of a service.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn container(&self, service: &str) -> Result<Option<Container>, EngineError> {
        self.engine.container(self.project(), service).await
    }

    /// Returns the token of a service's fault API.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    pub async fn fault_token(&self, service: &str) -> Result<String, String> {
        let path = self.fault_token_path(service)?;
        let container = self
            .container(service)
            .await
            .map_err(|error| error.to_string())?;
        let container = container.ok_or_else(|| format!("{service} has no container"))?;
        let bytes = self.engine.read_file(&container.id, &path).await;
        let bytes = bytes.map_err(|error| format!("its token cannot be read: {error}"))?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Returns where, inside its container, the token of a service's fault API lies.
    ///
    /// # Errors
    /// The service names no token, in words.
    pub fn fault_token_path(&self, service: &str) -> Result<String, String> {
        let labels = self
            .model
            .services
            .get(service)
            .map(|service| &service.labels);
        let path = labels.and_then(|labels| labels.get(FAULT_TOKEN_LABEL));
        path.cloned()
            .ok_or_else(|| format!("{service} has no label {FAULT_TOKEN_LABEL}"))
    }

    /// Returns the folder for what obsbook remembers of this stack, keyed by engine and project.
    pub fn directory(&self) -> PathBuf {
        directory(&self.engine, self.project())
    }
}

fn directory(engine: &Engine, project: &str) -> PathBuf {
    let engine: String = engine
        .id()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    state_dir().join("stacks").join(engine).join(project)
}

/// Returns whether a job of a run made the stack of this project, and whoever ran it has not taken it down.
pub fn is_of_job(engine: &Engine, project: &str) -> bool {
    Mark::OfJob.is_set(&directory(engine, project))
}

/// The client for requests to services: what a service answers is what it answers.
fn client() -> reqwest::Client {
    // A proxy has no business between obsbook and its own containers, and an answer that points elsewhere is an answer.
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(Duration::from_secs(2))
        .build();
    client.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Address;
    use serde_json::json;
    use wiremock::matchers::{any, path, path_regex};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    /// A stack of this project on an engine with one container of it.
    async fn stack(project: Project) -> (Stack, MockServer) {
        let server = MockServer::start().await;
        for (path, body) in [
            ("/version", json!({"ApiVersion": "1.41"})),
            ("/info", json!({"ID": "FAKE-OF-HANDLE"})),
            ("/containers/json", json!([{"Id": "a"}])),
            ("", json!({"Id": "a"})),
        ] {
            let answer = ResponseTemplate::new(200).set_body_json(body);
            let asked = Mock::given(any()).and(path_regex(format!("{path}$")));
            asked.respond_with(answer).mount(&server).await;
        }
        let address = Address::Tcp(server.address().to_string());
        let engine = Engine::connect_to(address).await.expect("the fake engine");
        let book = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(book.path().join(name), text);
        std::fs::create_dir(book.path().join("src")).expect("made");
        write("book.toml", "").expect("written");
        write("compose.yaml", "services: {a: {}}\n").expect("written");
        write("src/SUMMARY.md", "# Summary\n").expect("written");
        let book = LoadedBook::load(book.path()).expect("a book");
        let options = Options {
            project: Some(project),
            dynamic_ports: false,
        };
        let stack = Stack::on(engine, &book, &options).expect("a stack");
        (stack, server)
    }

    #[tokio::test]
    async fn a_job_takes_no_place_of_a_stack_that_no_job_made() {
        for of_job in [true, false] {
            let project = Project {
                name: "shop-job2".to_owned(),
                of_job,
            };
            let (stack, _server) = stack(project).await;
            assert_eq!(stack.is_taken().await, Ok(of_job));
            let folder = tempfile::tempdir().expect("a folder");
            if !of_job {
                // Of a run that was killed.
                Mark::OfJob.set(folder.path());
            }
            stack.mark(folder.path());
            assert_eq!(Mark::OfJob.is_set(folder.path()), of_job);
        }
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer() {
        let server = MockServer::start().await;
        let moved = ResponseTemplate::new(301).insert_header("location", "/new");
        let mock = Mock::given(path("/old")).respond_with(moved);
        mock.mount(&server).await;
        let answer = client().get(format!("{}/old", server.uri())).send().await;
        assert_eq!(answer.expect("an answer").status(), 301);
    }
}
