//! The steps on a real machine: `cargo test -p obsbook install -- --ignored`.
//!
//! They need root, an engine that runs and the base image; they make an image under a name of their
//! own, and a second engine in a folder of its own, which they end.

use std::time::Instant;

use super::base::Base;
use super::command::Log;
use super::daemon::Daemon;
use super::host::Host;
use super::plugin::Plugin;
use super::*;
use crate::engine::{Address, Engine};
use crate::images::{Renderer, Source};

#[tokio::test]
#[ignore = "needs root and a Docker engine"]
async fn nothing_is_missing_where_all_is_there() {
    let begun = Instant::now();
    assert_eq!(missing(Some(Source::Packages)).await.unwrap(), []);
    println!("missing: {:?}", begun.elapsed());
    install(&[], &mut |_| {}).await.unwrap();
    for kind in [
        StepKind::Engine,
        StepKind::Start,
        StepKind::Permission,
        StepKind::Client,
        StepKind::Base,
        StepKind::Compose,
    ] {
        let step = plan::describe(kind, &Host::detect()).await;
        println!(
            "{}: {}\n    {}",
            step.what,
            step.why,
            step.commands.join("\n    ")
        );
        assert!(!step.commands.is_empty());
    }
    check_disk(Some(&Engine::connect().await.unwrap()), false)
        .await
        .unwrap();
}

#[tokio::test]
#[ignore = "needs root and a Docker engine; a minute"]
async fn a_base_image_is_made() {
    let host = Host::detect();
    let engine = Engine::connect().await.unwrap();
    let reference = "obsbook-live/base:bookworm";
    let base = Base::plan(&host, reference).await;
    println!("{}", base.commands(&host).join("\n"));
    let mut log = Log::begin("make the base image", "live-base").unwrap();
    let mut renderer = Renderer::new(false);
    let begun = Instant::now();
    base.make(&host, &engine, &mut log, &mut |progress| {
        renderer.show(&progress)
    })
    .await
    .unwrap();
    println!("base image: {:?}", begun.elapsed());
    assert!(engine.image_id(reference).await.unwrap().is_some());
}

#[tokio::test]
#[ignore = "needs root, a Docker engine and the base image; two minutes"]
async fn a_compose_plugin_is_built() {
    let folder = tempfile::tempdir().unwrap();
    let host = Host::detect();
    let engine = Engine::connect().await.unwrap();
    let plugin = Plugin::Build(folder.path().join("cli-plugins"));
    let mut log = Log::begin("build the Compose plug-in", "live-compose").unwrap();
    let mut renderer = Renderer::new(false);
    let begun = Instant::now();
    plugin
        .get(&host, &engine, &mut log, &mut |progress| {
            renderer.show(&progress)
        })
        .await
        .unwrap();
    println!("plug-in: {:?}", begun.elapsed());
    let binary = folder.path().join("cli-plugins/docker-compose");
    let output = std::process::Command::new(binary)
        .arg("version")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text.trim(), "Docker Compose version v2.40.3");
}

#[tokio::test]
#[ignore = "needs root and the engine's package"]
async fn an_engine_is_started_and_only_ours_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let args = [
        format!("--host=unix://{}", at("engine.sock")),
        format!("--data-root={}", at("data")),
        format!("--exec-root={}", at("exec")),
        format!("--pidfile={}", at("engine.pid")),
    ];
    // An engine takes the bridge `docker0` for its own, and with --bridge=none it deletes it: only
    // in a network of its own is it no danger to the machine's engine.
    let alone = ["unshare", "--net", "dockerd"].map(str::to_owned);
    let daemon = Daemon {
        address: Some(Address::Socket(folder.path().join("engine.sock"))),
        program: alone.into_iter().chain(args).collect(),
        state: folder.path().join("state"),
    };
    let host = Host::detect();
    assert!(!daemon.stop(&host).await.unwrap());
    let mut log = Log::begin("start the Docker engine", "live-start").unwrap();
    println!("{}", daemon.command(host.privilege));
    let begun = Instant::now();
    daemon.start(&host, &mut log, &mut |_| {}).await.unwrap();
    println!("started: {:?}", begun.elapsed());
    // A second start finds it running.
    daemon.start(&host, &mut log, &mut |_| {}).await.unwrap();
    let begun = Instant::now();
    assert!(daemon.stop(&host).await.unwrap());
    println!("stopped: {:?}", begun.elapsed());
    assert!(!daemon.stop(&host).await.unwrap());
    assert!(
        Engine::connect().await.is_ok(),
        "the machine's own engine was touched"
    );

    let words = ["dockerd", "--no-such-flag"].map(str::to_owned);
    let broken = Daemon {
        program: words.into(),
        ..daemon
    };
    let error = broken
        .start(&host, &mut log, &mut |_| {})
        .await
        .unwrap_err();
    assert!(matches!(error, InstallError::Silent { .. }), "{error:?}");
    assert!(
        error
            .lines()
            .iter()
            .any(|line| line.contains("no-such-flag")),
        "{:?}",
        error.lines()
    );
}
