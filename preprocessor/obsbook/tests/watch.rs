//! `obsbook check --watch`, as far as it goes without an engine.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use support::{copy_books, obsbook};

/// What both streams say, line by line.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    /// Starts `call`. Both its streams are one pipe: what it says keeps its order.
    fn start(mut call: Command) -> Self {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        call.stdout(writer.try_clone().expect("its other end"))
            .stderr(writer);
        let child = call.spawn().expect("obsbook starts");
        // The call keeps its own end open.
        drop(call);
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// Returns what is said until it waits again.
    fn round(&self) -> String {
        let mut said = String::new();
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            let line = line.unwrap_or_else(|_| panic!("it does not wait: {said}"));
            if line.starts_with("waiting: ") {
                return said;
            }
            said.push_str(&line);
            said.push('\n');
        }
    }

    /// Returns what is said, and the status, of a call that does not wait.
    fn end(mut self) -> (String, Option<i32>) {
        let mut said = String::new();
        loop {
            match self.lines.recv_timeout(Duration::from_secs(30)) {
                Ok(line) => {
                    assert!(!line.starts_with("waiting: "), "it waits: {said}");
                    said.push_str(&line);
                    said.push('\n');
                }
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {said}"),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        (said, self.child.wait().expect("an end").code())
    }

    fn is_silent(&self) -> bool {
        self.lines.recv_timeout(Duration::from_secs(2)).is_err()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn only_saved_changes_of_selected_labs_are_run() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_books(&["good", "compose"], folder.path());
    let chapter = folder.path().join("good/src/target.md");
    let junit = folder.path().join("junit.xml");
    let mut call = obsbook(folder.path());
    call.arg("--book")
        .arg(folder.path().join("good"))
        .args(["check", "target-up", "--watch", "--junit"])
        .arg(&junit)
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let watch = Watch::start(call);
    let change = |from: &str, to: &str| {
        let text = fs::read_to_string(&chapter).expect("read");
        assert!(text.contains(from));
        fs::write(&chapter, text.replacen(from, to, 1)).expect("written");
    };

    assert!(watch.round().contains("1 lab on stack"));
    fs::read_to_string(&chapter).expect("read");
    // What it has said last is an empty line before it waits.
    assert!(watch.is_silent(), "a look is no save");

    let report = fs::read_to_string(&junit).expect("a report");
    change("A killed target is seen", "A killed target is noticed");
    assert!(!watch.round().contains("lab on stack"));
    assert_eq!(fs::read_to_string(&junit).expect("kept"), report);

    change("id: target-up\n", "id: target-up\ntags: [new]\n");
    let said = watch.round();
    assert!(
        said.contains("1 lab on stack") && said.contains("target-up"),
        "{said}"
    );

    change("- kill: target", "- kil: target");
    assert!(watch.round().contains("1 problem; nothing was run"));
    assert!(
        fs::read_to_string(&junit)
            .expect("a report")
            .contains("diagnostic")
    );
    change("- kil: target", "- kill: target");
    assert!(!watch.round().contains("lab on stack"));
}

#[test]
fn a_selector_that_matches_nothing_is_not_waited_for_unless_a_problem_hides_it() {
    let folder = tempfile::tempdir().expect("a folder");
    copy_books(&["good", "broken", "compose"], folder.path());
    let watch = |book: &str| {
        let mut call = obsbook(folder.path());
        call.arg("--book")
            .arg(folder.path().join(book))
            .args(["check", "--watch", "target-kiled"])
            .env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        Watch::start(call)
    };
    let (said, status) = watch("good").end();
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("did you mean `target-killed`?"), "{said}");
    assert!(watch("broken").round().contains("nothing was run"));
}
