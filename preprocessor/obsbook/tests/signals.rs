//! Every signal of the sandbox on its whole way, and what happens when one of them is away or its disk is full.
//!
//! Boots the profile `tracing` beside any other stack; needs an engine and the images, and fails without.

mod support;

use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use support::{Told, book, obsbook, told};

static STATE: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder"));
static PROJECT: LazyLock<String> =
    LazyLock::new(|| format!("obsbook-signals-{}", std::process::id()));

/// Small enough to be filled in a second, large enough for some minutes of traffic.
const DISK: &str = "o=size=96m";

fn run(args: &[&str]) -> Told {
    let mut call = obsbook(STATE.path());
    call.arg("--book")
        .arg(book("../.."))
        .args(["--dynamic-ports", "--project", &PROJECT])
        .args(args);
    // The images are the ones that this machine has already, from wherever they came.
    told(call.env(
        "OBSBOOK_IMAGES",
        std::env::var("OBSBOOK_IMAGES").unwrap_or_else(|_| "packages".to_owned()),
    ))
}

fn docker(args: &[&str]) -> String {
    let output = Command::new("docker").args(args).output().expect("docker");
    assert!(
        output.status.success(),
        "docker {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn container(service: &str) -> String {
    format!("{}-{service}-1", *PROJECT)
}

fn volume(service: &str) -> String {
    format!("{}_{service}", *PROJECT)
}

/// Runs a shell command with the volume of a service at `/volume`.
fn in_volume(service: &str, command: &str) {
    let mount = format!("{}:/volume", volume(service));
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
fn is_told(alert: &str, within: Duration) {
    let started = Instant::now();
    let port = docker(&["port", &container("alert-inbox"), "9094"]);
    let url = format!("http://{port}/api/notifications?alert={alert}");
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

struct Down;

impl Drop for Down {
    fn drop(&mut self) {
        let _ = run(&["down", "--volumes"]);
        // Those that were made before the stack may be left to their maker.
        for service in ["loki", "prometheus"] {
            let _ = Command::new("docker")
                .args(["volume", "rm", &volume(service)])
                .output();
        }
    }
}

// One test: its parts share one stack, which takes half a minute to boot.
#[test]
fn signals_arrive_and_their_absence_is_said() {
    let _down = Down;
    for service in ["loki", "prometheus"] {
        let name = volume(service);
        let options = ["type=tmpfs", "device=tmpfs", DISK];
        let options = options.map(|option| ["--opt", option]);
        let create = [&["volume", "create"], options.as_flattened(), &[&name]].concat();
        docker(&create);
    }
    let said = run(&["up", "tracing"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    every_signal_arrives();
    a_signal_that_is_away_is_named();
    a_full_disk_is_told();
}

fn every_signal_arrives() {
    let started = Instant::now();
    let said = run(&["doctor", "--verify"]);
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

fn a_signal_that_is_away_is_named() {
    docker(&["pause", &container("loki")]);
    let metrics = run(&["check", "up-is-not-healthy"]);
    let logs = run(&["check", "lines-follow-requests"]);
    docker(&["unpause", &container("loki")]);
    assert_eq!(metrics.status, 0, "{}{}", metrics.out, metrics.err);
    assert!(metrics.err.contains("loki"), "{}", metrics.err);
    assert_eq!(logs.status, 3, "{}{}", logs.out, logs.err);
    assert!(logs.out.contains("it reads logs, and loki"), "{}", logs.out);
}

fn a_full_disk_is_told() {
    in_volume(
        "loki",
        "dd if=/dev/zero of=/volume/filler bs=1M status=none",
    );
    is_told("DiskNearlyFull", Duration::from_secs(120));
    in_volume("loki", "rm /volume/filler");
    in_volume(
        "prometheus",
        "dd if=/dev/zero of=/volume/filler bs=1M status=none",
    );
    is_told("MetricsNotStored", Duration::from_secs(120));
    in_volume("prometheus", "rm /volume/filler");
    // Orders went on all the while, and the disk's return is the stack's.
    let said = run(&["check", "orders-flow"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
}
