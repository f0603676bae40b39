//! The fixture books on a real stack of two containers: every verdict, every bad day that a stack can have.
//!
//! Needs an engine and the images `obsbook/prometheus` and `obsbook/node-exporter`; fails without.

#[path = "support/stack.rs"]
mod stack;
mod support;

use std::fs;
use std::process::{Command, Stdio};

use stack::{Stack, signal};
use support::{book, copy_books, obsbook, told};

#[test]
fn each_verdict_comes_from_real_services() {
    let stack = Stack::new("verdicts");
    for (name, lab, status, words) in [
        ("good", "target-killed", 0, "passed"),
        ("good", "target-killed", 0, "passed"),
        ("good", "target-up", 0, "passed"),
        ("good", "target-paused", 0, "passed"),
        ("faults", "target-limited", 0, "passed"),
        ("faults", "other-config", 0, "passed"),
        (
            "vacuous",
            "true-anyway",
            1,
            "true before anything was broken",
        ),
        ("unsteady", "wrong-label", 3, "`up` has {job=\"target\"}"),
        ("failing", "control", 1, "last seen: 1"),
        (
            "failing",
            "misspelt-label",
            1,
            "`up{job=\"targe\"}` finds no series; `up` has {job=\"target\"}",
        ),
    ] {
        let said = stack.run(name, &["check", lab]);
        assert_eq!(
            said.status, status,
            "{name} {lab}: {}{}",
            said.out, said.err
        );
        assert!(said.out.contains(words), "{name} {lab}: {}", said.out);
        assert_eq!(stack.state_of("target"), "running", "{name} {lab}");
    }
}

#[test]
fn a_lab_without_its_fault_fails_and_so_it_is_proven() {
    let stack = Stack::new("prove");
    let said = stack.run("good", &["prove", "target-paused", "target-up"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    assert_eq!(said.out.matches("  yes").count(), 3, "{}", said.out);
    // A lab that passes whatever happens is found out.
    let said = stack.run("vacuous", &["prove"]);
    assert_eq!(said.status, 1, "{}", said.out);
}

#[test]
fn what_is_broken_by_hand_stays_until_it_is_taken_back() {
    let stack = Stack::new("by-hand");
    assert_eq!(stack.run("good", &["up"]).status, 0);
    let said = stack.run("good", &["fault", "target", "limits", "mib=32"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    let said = stack.run("good", &["fault", "target", "pause"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    stack.run("good", &["status"]);
    assert_eq!(stack.state_of("target"), "paused");
    let said = stack.run("good", &["reset"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    assert!(said.err.contains("broken by hand"), "{}", said.err);
    assert!(said.err.contains("limit target to 32 MiB"), "{}", said.err);
    assert_eq!(stack.state_of("target"), "running");
    let said = stack.run("good", &["fault", "targe", "pause"]);
    assert_eq!(said.status, 2, "{}", said.out);
    assert!(said.out.contains("did you mean `target`?"), "{}", said.out);
}

#[test]
fn labs_run_on_several_stacks_and_leave_one() {
    let stack = Stack::new("jobs");
    let said = stack.run("good", &["check", "--jobs", "2", "--format", "json"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    let ready = said.out.matches("\"event\":\"stack_ready\"").count();
    assert_eq!(ready, 2, "{}", said.out);
    let projects = Command::new("docker")
        .args([
            "ps",
            "-a",
            "--format",
            "{{.Label \"com.docker.compose.project\"}}",
        ])
        .output()
        .expect("docker");
    let projects = String::from_utf8_lossy(&projects.stdout).into_owned();
    let beside = format!("{}-job2", stack.project);
    assert!(
        !projects.lines().any(|project| project == beside),
        "{projects}"
    );
}

#[test]
fn ctrl_c_undoes_the_fault_first() {
    let stack = Stack::new("signals");
    for name in ["-INT", "-TERM"] {
        let mut child = stack.start_until(&book("good"), &["check", "target-killed"], "break");
        signal(&child, name);
        let status = child.wait().expect("an end").code();
        assert_eq!(status, Some(130), "{name}: {}", stack.out());
        assert!(stack.out().contains("undo"), "{name}: {}", stack.out());
        assert_eq!(stack.state_of("target"), "running", "{name}");
    }
}

#[test]
fn after_kill_9_the_next_command_undoes_and_says_so() {
    let stack = Stack::new("killed");
    let mut child = stack.start_until(&book("good"), &["check", "target-paused"], "break");
    signal(&child, "-KILL");
    child.wait().expect("an end");
    assert_eq!(stack.state_of("target"), "paused");
    let said = stack.run("good", &["status"]);
    assert!(
        said.err
            .contains("ended without undoing: pause target; it is undone now"),
        "{}",
        said.err
    );
    assert_eq!(stack.state_of("target"), "running");
    let said = stack.run("good", &["check", "target-paused"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
}

#[test]
fn two_runs_do_not_share_a_stack() {
    let stack = Stack::new("lock");
    let mut first = stack.start_until(&book("good"), &["check", "target-paused"], "steady");
    let said = stack.run("good", &["check", "target-killed"]);
    assert_eq!(said.status, 3, "{}", said.out);
    assert!(
        said.err.contains("another obsbook (process"),
        "{}",
        said.err
    );
    assert_eq!(
        first.wait().expect("an end").code(),
        Some(0),
        "{}",
        stack.out()
    );
}

/// A copy of the good book whose compose file is changed.
fn changed_compose(change: impl Fn(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    copy_books(&["good", "compose"], folder.path());
    let path = folder.path().join("compose/compose.yaml");
    let text = fs::read_to_string(&path).expect("text");
    fs::write(&path, change(text)).expect("written");
    folder
}

#[test]
fn a_container_that_dies_at_boot_is_named_with_its_last_words() {
    let stack = Stack::new("dies");
    let folder =
        changed_compose(|text| text.replace("--collector.loadavg", "--collector.nonsense"));
    let root = folder.path().join("good");
    let said = told(&mut stack.call(&root, &["check", "target-up"]));
    assert_eq!(said.status, 3, "{}", said.err);
    assert!(said.err.contains("nonsense"), "{}", said.err);
    assert!(said.err.contains("error: target"), "{}", said.err);
    assert!(said.err.contains("docker logs"), "{}", said.err);
}

#[test]
fn a_taken_port_is_named_with_the_setting_that_moves_it() {
    let stack = Stack::new("port");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let mut call = obsbook(stack.state());
    call.arg("--book")
        .arg(book("good"))
        .args(["--project", &stack.project, "up"]);
    let said = told(
        call.env("OBSBOOK_IMAGES", "packages")
            .env("FIXTURE_TARGET_PORT", &port)
            .env("FIXTURE_METRICS_PORT", "0"),
    );
    assert_eq!(said.status, 3, "{}", said.err);
    assert!(
        said.err.contains(&format!("port {port} is taken")),
        "{}",
        said.err
    );
    assert!(said.err.contains("= help:"), "{}", said.err);
}

#[test]
fn an_image_that_cannot_be_had_is_named() {
    let stack = Stack::new("image");
    let folder = changed_compose(|text| {
        text.replace("obsbook/node-exporter:1.12.1", "obsbook/never-made:9")
    });
    let said = told(&mut stack.call(&folder.path().join("good"), &["up"]));
    assert_eq!(said.status, 3, "{}", said.err);
    assert!(said.err.contains("obsbook/never-made:9"), "{}", said.err);
}

#[test]
fn reset_mends_what_was_broken_by_hand() {
    let stack = Stack::new("reset");
    assert_eq!(stack.run("good", &["up"]).status, 0);
    for verb in ["pause", "kill"] {
        let name = format!("{}-target-1", stack.project);
        assert!(
            Command::new("docker")
                .args([verb, &name])
                .stdout(Stdio::null())
                .status()
                .expect("docker")
                .success()
        );
        if verb == "pause" {
            let said = stack.run("good", &["check", "target-up"]);
            assert_eq!(said.status, 3, "{}", said.out);
            assert!(
                said.err.contains("target is paused") && said.err.contains("obsbook reset"),
                "{}",
                said.err
            );
        }
        let said = stack.run("good", &["reset"]);
        assert_eq!(said.status, 0, "{}", said.err);
        assert_eq!(stack.state_of("target"), "running");
    }
}

#[test]
fn memory_without_a_limit_has_none_again() {
    let stack = Stack::new("unlimited");
    let folder = changed_compose(|text| text.replace("    mem_limit: 48m\n", ""));
    let root = folder.path().join("good");
    let run = |args: &[&str]| {
        let said = told(&mut stack.call(&root, args));
        assert_eq!(said.status, 0, "{args:?}: {}{}", said.out, said.err);
    };
    let limits = || {
        let name = format!("{}-target-1", stack.project);
        let what = "{{.HostConfig.Memory}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpuPeriod}}";
        let output = Command::new("docker")
            .args(["inspect", "-f", what, &name])
            .output();
        String::from_utf8_lossy(&output.expect("docker").stdout)
            .trim()
            .to_owned()
    };
    run(&["up"]);
    run(&["fault", "target", "limits", "mib=32"]);
    assert_eq!(limits(), format!("{} 0 0", 32 << 20));
    run(&["reset"]);
    assert_eq!(limits(), "0 0 0");
    assert_eq!(stack.state_of("target"), "running");
}

#[test]
fn a_stack_that_a_killed_run_left_beside_is_taken_down() {
    let stack = Stack::new("beside");
    let beside = format!("{}-job2", stack.project);
    let mut left = obsbook(stack.state());
    left.arg("--book").arg(book("good"));
    left.args(["--dynamic-ports", "--project", &beside, "up"]);
    let said = told(left.env("OBSBOOK_IMAGES", "packages"));
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    // Somebody named a stack of their own so: it is nobody's leftover.
    let said = stack.run("good", &["up"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    assert!(!said.err.contains(&beside), "{}", said.err);
    let stacks = stack.state().join("obsbook/stacks");
    let engine = fs::read_dir(stacks).expect("stacks").next();
    let folder = engine.expect("an engine").expect("a folder").path();
    fs::write(folder.join(&beside).join("of-job"), "").expect("marked");
    let said = stack.run("good", &["status"]);
    let words = format!("stack {beside} of an earlier run is still up");
    assert!(said.err.contains(&words), "{}", said.err);
    let said = stack.run("good", &["up"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    let words = format!("stack {beside} of an earlier run is gone");
    assert!(said.err.contains(&words), "{}", said.err);
}

#[test]
fn a_journal_that_cannot_be_read_is_put_aside_with_the_stack() {
    let stack = Stack::new("unreadable");
    assert_eq!(stack.run("good", &["up"]).status, 0);
    let stacks = stack.state().join("obsbook/stacks");
    let engine = fs::read_dir(stacks).expect("stacks").next();
    let folder = engine.expect("an engine").expect("a folder").path();
    let journal = folder.join(&stack.project).join("journal.jsonl");
    fs::write(&journal, "{\"undo\": 7}\n").expect("written");
    let said = stack.run("good", &["reset"]);
    assert_eq!(said.status, 3, "{}", said.err);
    assert!(said.err.contains("obsbook down"), "{}", said.err);
    let said = stack.run("good", &["down"]);
    assert_eq!(said.status, 0, "{}", said.err);
    assert!(said.err.contains("journal.bad"), "{}", said.err);
    assert_eq!(stack.run("good", &["up"]).status, 0);
}
