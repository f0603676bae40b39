//! A stack of its own for one test: other project, other ports, other state; gone at the end, whatever happens.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Told, book, obsbook, told};

/// A stack of its own for one test: other project, other ports, other state; gone at the end, whatever happens.
pub(crate) struct Stack {
    state: tempfile::TempDir,
    /// The Compose project.
    pub(crate) project: String,
}

impl Stack {
    /// Returns a stack that is not up; `name` tells it from those of other tests.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            state: tempfile::tempdir().expect("a folder"),
            project: format!("obsbook-test-{name}-{}", std::process::id()),
        }
    }

    /// Returns a call of obsbook on it, for the book at `root`.
    pub(crate) fn call(&self, root: &Path, args: &[&str]) -> Command {
        let mut command = obsbook(self.state.path());
        command
            .arg("--book")
            .arg(root)
            .args(["--dynamic-ports", "--project", &self.project])
            .args(args);
        command.env("OBSBOOK_IMAGES", "packages");
        command
    }

    /// Runs obsbook on it, for a fixture book.
    pub(crate) fn run(&self, name: &str, args: &[&str]) -> Told {
        told(&mut self.call(&book(name), args))
    }

    /// Starts a call and returns once `text` has been printed.
    pub(crate) fn start_until(&self, root: &Path, args: &[&str], text: &str) -> Child {
        let log = self.state.path().join("out");
        let out = fs::File::create(&log).expect("a file");
        let mut command = self.call(root, args);
        let child = command
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .expect("obsbook starts");
        let started = Instant::now();
        while !fs::read_to_string(&log).expect("text").contains(text) {
            assert!(
                started.elapsed() < Duration::from_secs(120),
                "never printed {text}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        child
    }

    /// Returns what the call has printed so far.
    pub(crate) fn out(&self) -> String {
        fs::read_to_string(self.state.path().join("out")).expect("text")
    }

    /// Returns the engine's word for a service's container.
    pub(crate) fn state_of(&self, service: &str) -> String {
        let name = format!("{}-{service}-1", self.project);
        let output = Command::new("docker")
            .args(["inspect", "-f", "{{.State.Status}}", &name])
            .output();
        String::from_utf8_lossy(&output.expect("docker").stdout)
            .trim()
            .to_owned()
    }
}

impl Stack {
    /// Returns where obsbook keeps what it knows of it.
    pub(crate) fn state(&self) -> &Path {
        self.state.path()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = told(&mut self.call(&book("good"), &["down", "--volumes"]));
    }
}

/// Sends a signal, such as `-INT`, to a call that runs.
pub(crate) fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
}
