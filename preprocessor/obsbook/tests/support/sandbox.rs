//! The book's own sandbox, booted beside any other stack and taken down with its volumes at the end.

use std::process::Command;

use crate::support::{Told, book, obsbook, told};

/// A stack of the book's own profiles.
pub(crate) struct Sandbox {
    /// The Compose project.
    pub(crate) project: String,
    state: tempfile::TempDir,
}

impl Sandbox {
    /// Returns a sandbox that has not been booted; `name` tells it from those of other tests.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            project: format!("obsbook-{name}-{}", std::process::id()),
            state: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Runs obsbook on it.
    pub(crate) fn run(&self, args: &[&str]) -> Told {
        let mut call = obsbook(self.state.path());
        call.arg("--book")
            .arg(book("../.."))
            .args(["--dynamic-ports", "--project", &self.project])
            .args(args);
        // The images are the ones that this machine has already, from wherever they came.
        let images = std::env::var("OBSBOOK_IMAGES").unwrap_or_else(|_| "packages".to_owned());
        told(call.env("OBSBOOK_IMAGES", images))
    }

    /// Returns the name of a service's container.
    pub(crate) fn container(&self, service: &str) -> String {
        format!("{}-{service}-1", self.project)
    }

    /// Returns where on this machine a port of a service answers.
    pub(crate) fn address(&self, service: &str, port: &str) -> String {
        docker(&["port", &self.container(service), port])
            .lines()
            .next()
            .expect("a port")
            .to_owned()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.run(&["down", "--volumes"]);
    }
}

/// Returns what the engine's command line prints.
pub(crate) fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().expect("docker");
    assert!(
        output.status.success(),
        "docker {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
