//! The book's own sandbox: what its labs may never cost, and what its safety rests on.
//!
//! Boots the profile `core` beside any other stack; needs an engine and the images, and fails without.

#[path = "support/sandbox.rs"]
mod sandbox;
mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use sandbox::{Sandbox, docker};
use serde_json::Value;

fn sql(sandbox: &Sandbox, query: &str) -> String {
    docker(&[
        "exec",
        &sandbox.container("postgres"),
        "psql",
        "-U",
        "orders",
        "-d",
        "orders",
        "-Atc",
        query,
    ])
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
fn assert_orders_are_whole(sandbox: &Sandbox, after: &str) {
    let open = "SELECT count(*) FROM orders o LEFT JOIN fulfilments f ON f.order_id = o.id \
                WHERE (o.status <> 'fulfilled' OR f.order_id IS NULL) AND o.created_at < now() - interval '15 seconds'";
    let started = Instant::now();
    loop {
        let left = sql(sandbox, open);
        if left == "0" {
            break;
        }
        assert!(
            started.elapsed() < Duration::from_secs(40),
            "after {after}: {left} orders are not fulfilled"
        );
        std::thread::sleep(Duration::from_secs(1));
    }
    let twice = sql(
        sandbox,
        "SELECT count(*) - count(DISTINCT order_id) FROM fulfilments",
    );
    assert_eq!(twice, "0", "after {after}: fulfilled twice");
    let unknown = sql(
        sandbox,
        "SELECT count(*) FROM fulfilments f LEFT JOIN orders o ON o.id = f.order_id WHERE o.id IS NULL",
    );
    assert_eq!(unknown, "0", "after {after}: fulfilled, but never placed");
}

// One test: its parts share one stack, which takes half a minute to boot.
#[test]
fn the_sandbox_keeps_its_promises() {
    let sandbox = &Sandbox::new("sandbox");
    let said = sandbox.run(&["up"]);
    assert_eq!(said.status, 0, "{}{}", said.out, said.err);
    a_second_run_builds_nothing(sandbox);
    faults_are_guarded(sandbox);
    every_service_is_bounded();
    nothing_secret_is_shown(sandbox);
    labs_lose_no_order(sandbox);
}

fn a_second_run_builds_nothing(sandbox: &Sandbox) {
    let said = sandbox.run(&["up"]);
    assert_eq!(said.status, 0, "{}", said.err);
    assert!(!said.err.contains("built"), "{}", said.err);
}

fn faults_are_guarded(sandbox: &Sandbox) {
    let nginx = sandbox.address("nginx", "8080");
    let (status, _) = curl(&[&format!("http://{nginx}/faults")]);
    assert_eq!(status, 404, "the fault API is reachable through nginx");
    for (service, port) in [
        ("web-gateway", "9901"),
        ("order-api", "9902"),
        ("fulfillment-worker", "9903"),
    ] {
        let faults = format!("http://{}/faults", sandbox.address(service, port));
        assert!(faults.starts_with("http://127.0.0.1:"), "{faults}");
        assert_eq!(curl(&[&faults]).0, 401, "{service} without a token");
        assert_eq!(
            curl(&["-H", "Authorization: Bearer wrong", &faults]).0,
            401,
            "{service}"
        );
        let token = docker(&[
            "exec",
            &sandbox.container(service),
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

/// Of every service of every profile, also of those that no test here starts.
fn every_service_is_bounded() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let file = format!("{root}/compose/compose.yaml");
    let model = docker(&[
        "compose",
        "--file",
        &file,
        "--profile",
        "*",
        "config",
        "--format",
        "json",
    ]);
    let model: Value = serde_json::from_str(&model).expect("json");
    let services = model["services"].as_object().expect("services");
    assert!(services.len() > 20, "{} services", services.len());
    for (name, service) in services {
        let one_shot = service["restart"] == "no";
        assert!(one_shot || service["restart"] == "unless-stopped", "{name}");
        assert!(
            one_shot || service["healthcheck"]["test"].is_array(),
            "{name}"
        );
        assert!(service["mem_limit"].is_string(), "{name}");
        assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
        let options = service["security_opt"].to_string();
        assert!(options.contains("no-new-privileges"), "{name}");
        let logging = &service["logging"]["options"];
        let rotated = logging["max-size"].is_string() && logging["max-file"].is_string();
        assert!(rotated, "{name}");
        for port in service["ports"].as_array().into_iter().flatten() {
            assert_eq!(port["host_ip"], "127.0.0.1", "{name}");
        }
    }
    assert!(services.values().any(|service| service["restart"] == "no"));
}

fn nothing_secret_is_shown(sandbox: &Sandbox) {
    let secrets = ["postgres-password", "redis-password", "fault-token"];
    let secrets = secrets.map(|name| {
        docker(&[
            "exec",
            &sandbox.container("order-api"),
            "cat",
            &format!("/run/obsbook/{name}"),
        ])
    });
    let all = docker(&[
        "ps",
        "-aq",
        "--filter",
        &format!("label=com.docker.compose.project={}", sandbox.project),
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

fn labs_lose_no_order(sandbox: &Sandbox) {
    // One after the other, so that an order that a lab loses is known by its lab. The whole book's labs are looked at
    // together, in tests/run.
    let listed = sandbox.run(&["list", "chapter-1", "--format", "json"]);
    let labs: Value = serde_json::from_str(&listed.out).expect("json");
    for lab in labs.as_array().expect("a list") {
        let id = lab["id"].as_str().expect("an id");
        let said = sandbox.run(&["check", id]);
        assert_eq!(said.status, 0, "{id}: {}{}", said.out, said.err);
        assert_orders_are_whole(sandbox, id);
    }
    let placed: u64 = sql(sandbox, "SELECT count(*) FROM orders")
        .parse()
        .expect("a number");
    assert!(
        placed > 100,
        "only {placed} orders were placed: the traffic does not run"
    );
}
