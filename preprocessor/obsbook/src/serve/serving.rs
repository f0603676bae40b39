//! A server at work: the book is built again when it is saved, labs are run, and the stack is looked at while somebody looks.

use std::sync::Arc;

use serde::Serialize;

use super::build::{self, BuildError};
use super::hub::Hub;
use super::runs::{Outputs, Runs};
use super::server::{ServeError, Server};
use crate::book::{LoadedBook, Saves};
use crate::prepare::Preparation;
use crate::run::Interrupt;

/// A lab's futures are deep.
const THREAD_STACK: usize = 8 * 1024 * 1024;

/// Why nothing is served, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServingError {
    /// The book.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The server.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The files of the book.
    #[error("failed to watch the book: {0}")]
    Watch(#[from] notify::Error),
    /// The thread that labs run on.
    #[error("failed to start a thread: {0}")]
    Thread(std::io::Error),
}

impl ServingError {
    /// Returns the next step.
    pub fn hint(&self) -> String {
        match self {
            Self::Build(error) => error.hint(),
            Self::Serve(error) => error.hint(),
            Self::Watch(_) => "raise fs.inotify.max_user_watches".to_owned(),
            Self::Thread(_) => "end other programs, and start it again".to_owned(),
        }
    }
}

/// What a page knows of the server.
#[derive(Serialize)]
struct ServerView {
    /// Which build of the book it shows: a page of an older one loads itself again.
    build: u64,
}

/// What is to be served, and how.
pub struct Serving {
    /// The book.
    pub book: LoadedBook,
    /// How the stack is found and brought up.
    pub preparation: Preparation,
    /// What a run leaves behind.
    pub outputs: Outputs,
    /// The port on loopback; 0 for any.
    pub port: u16,
    /// Other origins whose pages may use the interface.
    pub origins: Vec<String>,
}

impl Serving {
    /// Serves until somebody asks to end; what is at work then is undone first. `ready` is told the address, `trouble` what goes wrong
    /// meanwhile.
    ///
    /// # Errors
    /// The book cannot be built at first, or there is no server.
    pub async fn run(
        self,
        interrupt: &Interrupt,
        ready: impl FnOnce(std::net::SocketAddr),
        trouble: impl Fn(&str),
    ) -> Result<(), ServingError> {
        let root = self.book.root.clone();
        let folder = build::folder(&root);
        let mut saves = Saves::of(&self.book)?;
        let Some(built) = interrupt.unless(build::build(&root, &folder)).await else {
            return Ok(());
        };
        built?;
        let hub = Arc::new(Hub::default());
        hub.set("server", "", &ServerView { build: 0 });
        let runs = Arc::new(Runs::new(
            self.book,
            self.preparation,
            self.outputs,
            Arc::clone(&hub),
        ));
        runs.show_progress(&runs.book());
        let server = Server::bind(
            self.port,
            folder.clone(),
            &self.origins,
            Arc::clone(&hub),
            Arc::clone(&runs),
        )
        .await?;
        let working = work(Arc::clone(&runs)).map_err(ServingError::Thread)?;
        ready(server.address());
        let rebuilding = async {
            for number in 1.. {
                if saves.next().await.is_none() {
                    return std::future::pending().await;
                }
                match rebuilt(&runs, &folder).await {
                    Ok(()) => hub.set("server", "", &ServerView { build: number }),
                    Err(reason) => trouble(&reason),
                }
            }
        };
        let served = tokio::select! {
            served = server.run(interrupt.asked()) => served,
            () = rebuilding => Ok(()),
        };
        runs.end();
        // An undo is not interrupted.
        let ended = tokio::task::spawn_blocking(move || working.join()).await;
        if !matches!(ended, Ok(Ok(()))) {
            trouble("the thread that runs labs panicked; the next command undoes what it left");
        }
        Ok(served?)
    }
}

/// A thread of its own, so that nothing a page does can hold up a run.
fn work(runs: Arc<Runs>) -> std::io::Result<std::thread::JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new()
        .name("labs".to_owned())
        .stack_size(THREAD_STACK);
    thread.spawn(move || runtime.block_on(runs.work()))
}

async fn rebuilt(runs: &Runs, folder: &std::path::Path) -> Result<(), String> {
    let root = runs.book().root.clone();
    let book = LoadedBook::load(&root).map_err(|error| format!("{error}; {}", error.hint()))?;
    if let Some(first) = book.book.diagnostics.first() {
        let more = book.book.diagnostics.len() - 1;
        return Err(format!(
            "{}\n{more} more; pages stay as they were",
            first.render(false)
        ));
    }
    let built = build::build(&root, folder).await;
    built.map_err(|error| format!("{error}\n{}", error.lines().join("\n")))?;
    runs.set_book(book);
    Ok(())
}
