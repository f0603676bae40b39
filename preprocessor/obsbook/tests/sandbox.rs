//! The book's own sandbox: what its labs may never cost, and what its safety rests on.
//!
//! Boots the profile `core` beside any other stack; needs an engine and the images, and fails without.

mod support;

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Told, book, obsbook, told};

static STATE: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder"));
static PROJECT: LazyLock<String> =
    LazyLock::new(|| format!("obsbook-sandbox-{}", std::process::id()));

/// The repository's own book, seen from the fixtures.
fn root() -> PathBuf {
    book("../..")
}

fn run(args: &[&str]) -> Told {
    let mut call = obsbook(STATE.path());
    call.arg("--book")
        .arg(root())
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

fn sql(query: &str) -> String {
    docker(&[
        "exec",
        &container("postgres"),
        "psql",
        "-U",
        "orders",
        "-d",
        "orders",
        "-Atc",
        query,
    ])
}

fn address(service: &str, port: &str) -> String {
    docker(&["port", &container(service), port])
        .lines()
        .next()
        .expect("a port")
        .to_owned()
}

/// The status and body of a request, by curl: what the book tells its readers to type.
fn curl(args: &[&str]) -> (u16, String) {
    let output = Command::new("curl")
        .args(["-s", "-m", "10", "-w", "\n%{http_code}"])
        .args(args)
        .output()
        .expect("curl");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').expect("a status");
    (status.parse().expect("a number"), body.to_owned())
}

/// Orders of the last seconds may still be on their way; all others are fulfilled, each once.
fn assert_orders_are_whole(after: &str) {
    let open = "SELECT count(*) FROM orders o LEFT JOIN fulfilments f ON f.order_id = o.id \
                WHERE (o.status <> 'fulfilled' OR f.order_id IS NULL) AND o.created_at < now() - interval '15 seconds'";
    let started = Instant::now();
    loop {
        let left = sql(open);
        if left == "0" {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(40),
            "after {after}: {left} orders are not fulfilled"
        );
        std::thread::sleep(Duration::from_secs(1));
    }
    let twice = sql("SELECT count(*) - count(DISTINCT order_id) FROM fulfilments");
    assert_eq!(twice, "0", "after {after}: fulfilled twice");
    let unknown = sql(
        "SELECT count(*) FROM fulfilments f LEFT JOIN orders o ON o.id = f.order_id WHERE o.id IS NULL",
    );
    assert_eq!(unknown, "0", "after {after}: fulfilled, but never placed");
}

struct Down;

impl Drop for Down {
    fn drop(&mut self) {
        let _ = run(&["down", "--volumes"]);
    }
}

// One test: its parts share one stack, which takes half a minute to boot.
#[test]
fn the_sandbox_keeps_its_promises() {
    let _down = Down;
    let said = run(&["up"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    a_second_run_builds_nothing();
    faults_are_guarded();
    nothing_secret_is_shown();
    labs_lose_no_order();
}

fn a_second_run_builds_nothing() {
    let said = run(&["up"]);
    assert_eq!(said.status, 0, "{}", said.err);
    assert!(!said.err.contains("built"), "{}", said.err);
}

fn faults_are_guarded() {
    let nginx = address("nginx", "8080");
    let (status, _) = curl(&[&format!("http://{nginx}/faults")]);
    assert_eq!(status, 404, "the fault API is reachable through nginx");
    for (service, port) in [
        ("web-gateway", "9901"),
        ("order-api", "9902"),
        ("fulfillment-worker", "9903"),
    ] {
        let faults = format!("http://{}/faults", address(service, port));
        assert!(faults.starts_with("http://127.0.0.1:"), "{faults}");
        assert_eq!(curl(&[&faults]).0, 401, "{service} without a token");
        assert_eq!(
            curl(&["-H", "Authorization: Bearer wrong", &faults]).0,
            401,
            "{service}"
        );
        let token = docker(&[
            "exec",
            &container(service),
            "cat",
            "/run/obsbook/fault-token",
        ]);
        let bearer = format!("Authorization: Bearer {token}");
        let put = |body: &str| {
            curl(&[
                "-X",
                "PUT",
                "-H",
                &bearer,
                "-H",
                "Content-Type: application/json",
                "-d",
                body,
                &format!("{faults}/latency"),
            ])
        };
        assert_eq!(
            put(r#"{"by_ms":99999999,"ttl_s":5}"#).0,
            400,
            "{service}: over the cap"
        );
        assert_eq!(
            put(r#"{"by_ms":10,"ttl":5}"#).0,
            400,
            "{service}: unknown key"
        );
        let (status, body) = put(r#"{"by_ms":10,"ttl_s":2}"#);
        assert_eq!(status, 200, "{service}: {body}");
        let active = || -> usize {
            let state: Value =
                serde_json::from_str(&curl(&["-H", &bearer, &faults]).1).expect("json");
            state["faults"].as_array().map_or(0, Vec::len)
        };
        assert_eq!(active(), 1, "{service}");
        std::thread::sleep(Duration::from_millis(2500));
        assert_eq!(active(), 0, "{service}: a fault outlived its time");
    }
}

fn nothing_secret_is_shown() {
    let secrets = ["postgres-password", "redis-password", "fault-token"];
    let secrets = secrets.map(|name| {
        docker(&[
            "exec",
            &container("order-api"),
            "cat",
            &format!("/run/obsbook/{name}"),
        ])
    });
    let all = docker(&[
        "ps",
        "-aq",
        "--filter",
        &format!("label=com.docker.compose.project={}", *PROJECT),
    ]);
    for id in all.lines() {
        let shown = docker(&["inspect", id]);
        assert!(
            secrets
                .iter()
                .all(|secret| !shown.contains(secret.as_str())),
            "{id} shows a secret"
        );
        let inspected: Value = serde_json::from_str(&shown).expect("json");
        let container = &inspected[0];
        let name = container["Name"].as_str().unwrap_or_default();
        assert_ne!(
            container["HostConfig"]["Memory"], 0,
            "{name} has no memory limit"
        );
        let options = container["HostConfig"]["SecurityOpt"].to_string();
        assert!(options.contains("no-new-privileges"), "{name}: {options}");
        assert!(
            container["HostConfig"]["CapDrop"]
                .to_string()
                .contains("ALL"),
            "{name} keeps capabilities"
        );
        let socket = container["Mounts"].to_string().contains("docker.sock");
        assert_eq!(
            socket,
            name.contains("engine-proxy"),
            "{name}: the engine's socket"
        );
        for ports in container["NetworkSettings"]["Ports"]
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::values)
        {
            for port in ports.as_array().into_iter().flatten() {
                assert_eq!(
                    port["HostIp"], "127.0.0.1",
                    "{name} is reachable from elsewhere"
                );
            }
        }
    }
}

fn labs_lose_no_order() {
    // One after the other, so that an order that a lab loses is known by its lab. The whole book's labs are looked at
    // together, in tests/run.
    let listed = run(&["list", "chapter-1", "--format", "json"]);
    let labs: Value = serde_json::from_str(&listed.out).expect("json");
    for lab in labs.as_array().expect("a list") {
        let id = lab["id"].as_str().expect("an id");
        let said = run(&["check", id]);
        assert_eq!(said.status, 0, "{id}: {}{}", said.out, said.err);
        assert_orders_are_whole(id);
    }
    let placed: u64 = sql("SELECT count(*) FROM orders")
        .parse()
        .expect("a number");
    assert!(
        placed > 100,
        "only {placed} orders were placed: the traffic does not run"
    );
}
