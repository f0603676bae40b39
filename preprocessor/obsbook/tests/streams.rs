//! What obsbook does when nobody reads what it says, or the disk is full.

mod support;

use std::fs::{File, OpenOptions};
use std::io::pipe;
use std::process::{Command, Stdio};

use support::{Told, book, obsbook, told};

/// A stream whose reader has gone.
fn closed() -> Stdio {
    let (_, writer) = pipe().expect("a pipe");
    writer.into()
}

fn full() -> Stdio {
    let full: File = OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux");
    full.into()
}

fn run(name: &str, args: &[&str], change: impl FnOnce(&mut Command)) -> Told {
    let state = tempfile::tempdir().expect("a folder");
    let mut call = obsbook(state.path());
    call.arg("--book")
        .arg(book(name))
        .args(args)
        .env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    change(&mut call);
    told(&mut call)
}

#[test]
fn a_standard_error_that_takes_nothing_changes_no_status() {
    for (name, args, status) in [
        ("broken", &["lint"][..], 2),
        ("good", &["lint"], 0),
        ("good", &["list", "nothing-like-it"], 2),
        ("good", &["check"], 3),
        ("good", &["prove"], 3),
        ("good", &["status"], 3),
        ("good", &["--nope"], 2),
    ] {
        for stream in [closed, full] {
            let said = run(name, args, |call| {
                call.stderr(stream());
            });
            assert_eq!(said.status, status, "{args:?}");
            let said = run(name, args, |call| {
                call.stdout(closed()).stderr(stream());
            });
            assert_eq!(said.status, status, "{args:?}, nobody reads");
        }
    }
}

#[test]
fn output_that_is_lost_is_told_once() {
    for (name, args, status) in [
        ("good", &["list"][..], 3),
        ("good", &["lint"], 3),
        ("good", &["schema"], 3),
        ("good", &["explain", "target-up", "target-killed"], 3),
        ("broken", &["lint"], 2),
        ("good", &["check"], 3),
        ("good", &["check", "--format", "json"], 3),
    ] {
        let said = run(name, args, |call| {
            call.stdout(full());
        });
        assert_eq!((said.status, said.out.as_str()), (status, ""), "{args:?}");
        let told = said
            .err
            .matches("failed to write to standard output")
            .count();
        assert_eq!(told, 1, "{args:?}: {}", said.err);
    }
    // A reader that has seen enough has lost nothing.
    let said = run("good", &["list"], |call| {
        call.stdout(closed());
    });
    assert_eq!((said.status, said.err.as_str()), (0, ""));
}
