//! Every signal of the sandbox on its whole way, and what happens when one of them is away or its disk is full.
//!
//! Boots the profile `tracing` beside any other stack; needs an engine and the images, and fails without.

#![allow(clippy::print_stdout, reason = "what arrived when is for people")]

#[path = "support/sandbox.rs"]
mod sandbox;

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use sandbox::{Sandbox, docker};

/// Small enough to be filled in a second, large enough for some minutes of traffic.
const DISK: &str = "o=size=96m";

fn volume(sandbox: &Sandbox, service: &str) -> String {
    format!("{}_{service}", sandbox.project)
}

/// Runs a shell command with the volume of a service at `/volume`.
fn in_volume(sandbox: &Sandbox, service: &str, command: &str) {
    let mount = format!("{}:/volume", volume(sandbox, service));
    // A full disk is what is asked for, so the shell's status says nothing.
    let script = format!("{command}; true");
    docker(&[
        "run",
        "--rm",
        "--volume",
        &mount,
        "obsbook/base:bookworm",
        "sh",
        "-c",
        &script,
    ]);
}

/// Asks the alert inbox, from its own container, until a notification names `alert`.
fn is_told(sandbox: &Sandbox, alert: &str, within: Duration) {
    let started = Instant::now();
    let inbox = sandbox.address("alert-inbox", "9094");
    let url = format!("http://{inbox}/api/notifications?alert={alert}");
    loop {
        let output = Command::new("curl").args(["-s", "-m", "5", &url]).output();
        let text = String::from_utf8_lossy(&output.expect("curl").stdout).into_owned();
        if text.contains("firing") {
            return;
        }
        assert!(
            started.elapsed() < within,
            "nobody is told of {alert}: {text}"
        );
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// Volumes that were made before their stack: taking the stack down may leave them to their maker.
struct SmallDisks(Vec<String>);

impl SmallDisks {
    fn create(names: Vec<String>) -> Self {
        for name in &names {
            let options = ["type=tmpfs", "device=tmpfs", DISK];
            let options = options.map(|option| ["--opt", option]);
            docker(&[&["volume", "create"], options.as_flattened(), &[name]].concat());
        }
        Self(names)
    }
}

impl Drop for SmallDisks {
    fn drop(&mut self) {
        for name in &self.0 {
            let _ = Command::new("docker").args(["volume", "rm", name]).output();
        }
    }
}

// One test: its parts share one stack, which takes half a minute to boot.
#[test]
fn signals_arrive_and_their_absence_is_said() {
    let sandbox = &Sandbox::new("signals");
    let _disks = SmallDisks::create(
        ["loki", "prometheus"]
            .map(|service| volume(sandbox, service))
            .into(),
    );
    let said = sandbox.run(&["up", "tracing"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    every_signal_arrives(sandbox);
    a_signal_that_is_away_is_named(sandbox);
    a_full_disk_is_told(sandbox);
}

fn every_signal_arrives(sandbox: &Sandbox) {
    let started = Instant::now();
    let said = sandbox.run(&["doctor", "--verify"]);
    println!("{}", said.out);
    println!(
        "every signal had arrived {:.0} s after the stack was ready",
        started.elapsed().as_secs_f64()
    );
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    for subject in [
        "scrapes",
        "logs",
        "traces",
        "exemplars",
        "delivery",
        "dashboard requests",
    ] {
        assert!(said.out.contains(subject), "{subject}: {}", said.out);
    }
}

fn a_signal_that_is_away_is_named(sandbox: &Sandbox) {
    // Who is away, what it holds, a lab that does without, and one that does not.
    for (service, signal, without, with) in [
        ("loki", "logs", "up-is-not-healthy", "lines-follow-requests"),
        ("jaeger", "traces", "lines-carry-ids", "one-order-one-trace"),
        ("alertmanager", "alerts", "orders-flow", "error-rate-alert"),
        (
            "prometheus",
            "metrics",
            "lines-follow-requests",
            "orders-flow",
        ),
    ] {
        docker(&["pause", &sandbox.container(service)]);
        let works = sandbox.run(&["check", without]);
        let fails = sandbox.run(&["check", with]);
        docker(&["unpause", &sandbox.container(service)]);
        assert_eq!(works.status, 0, "{service}: {}{}", works.out, works.err);
        assert!(works.err.contains(service), "{service}: {}", works.err);
        assert_eq!(fails.status, 3, "{service}: {}{}", fails.out, fails.err);
        let reason = format!("it reads {signal}, and {service}");
        assert!(fails.out.contains(&reason), "{}", fails.out);
    }
}

fn a_full_disk_is_told(sandbox: &Sandbox) {
    in_volume(
        sandbox,
        "loki",
        "dd if=/dev/zero of=/volume/filler bs=1M status=none",
    );
    is_told(sandbox, "DiskNearlyFull", Duration::from_secs(120));
    in_volume(sandbox, "loki", "rm /volume/filler");
    in_volume(
        sandbox,
        "prometheus",
        "dd if=/dev/zero of=/volume/filler bs=1M status=none",
    );
    is_told(sandbox, "MetricsNotStored", Duration::from_secs(120));
    in_volume(sandbox, "prometheus", "rm /volume/filler");
    // Orders went on all the while, and the disk's return is the stack's.
    let said = sandbox.run(&["check", "orders-flow"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
}
