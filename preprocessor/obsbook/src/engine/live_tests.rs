//! The same calls against a real engine: `cargo test -p obsbook engine -- --ignored`.
//!
//! They need the base image, use a compose project of their own and take it down again.

use std::time::{Duration, Instant};

use super::*;

const MODEL: &str = r#"
services:
  sleeper:
    image: obsbook/base:bookworm
    init: true
    command: ["sh", "-c", "echo one; echo two >&2; exec sleep 1000"]
    restart: unless-stopped
    stop_grace_period: 1s
    mem_limit: 64m
    labels: { dev.obsbook.port: "8000" }
    ports: ["127.0.0.1:0:8000"]
    volumes: ["data:/run/obsbook:ro"]
    tmpfs: ["/scratch"]
    depends_on: { writer: { condition: service_completed_successfully } }
    healthcheck: { test: ["CMD", "true"], interval: 1s }
  writer:
    image: obsbook/base:bookworm
    command: ["sh", "-c", "echo secret > /run/obsbook/token; ln -sf token /run/obsbook/link"]
    restart: "no"
    volumes: ["data:/run/obsbook"]
volumes: { data: {} }
"#;

struct Stack {
    compose: Compose,
    engine: Engine,
    _root: tempfile::TempDir,
}

impl Stack {
    async fn boot(project: &str, model: &str) -> Stack {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("compose.yaml"), model).unwrap();
        let compose = Compose {
            root: root.path().into(),
            project: project.to_owned(),
            ..Default::default()
        };
        let engine = Engine::connect().await.unwrap();
        compose
            .up("core", &["--wait"], &mut |_| {})
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        Stack {
            compose,
            engine,
            _root: root,
        }
    }

    async fn container(&self, service: &str) -> Container {
        self.engine
            .container(&self.compose.project, service)
            .await
            .unwrap()
            .unwrap()
    }

    async fn end(self) {
        self.compose.down(true, &mut |_| {}).await.unwrap();
        assert_eq!(
            self.engine.containers(&self.compose.project).await.unwrap(),
            []
        );
    }
}

#[tokio::test]
#[cfg_attr(not(feature = "stack-tests"), ignore = "needs a Docker engine")]
async fn a_container_is_seen_and_steered() {
    let stack = Stack::boot("obsbook-live-control", MODEL).await;
    let engine = &stack.engine;
    let asked = Instant::now();
    let all = engine.containers("obsbook-live-control").await.unwrap();
    println!("containers: {:?}", asked.elapsed());
    let services: Vec<&str> = all
        .iter()
        .map(|container| container.service.as_str())
        .collect();
    assert_eq!(services, ["sleeper", "writer"]);
    assert!(all.iter().all(Container::is_ready), "{all:?}");
    assert!(all[1].one_shot && !all[0].one_shot);
    let sleeper = stack.container("sleeper").await;
    assert_eq!(sleeper.memory_limit, Some(64 << 20));
    assert_eq!(sleeper.ports[0].container, 8000);
    assert_eq!(sleeper.labels["dev.obsbook.port"], "8000");
    assert!(
        engine
            .projects()
            .await
            .unwrap()
            .contains(&"obsbook-live-control".to_owned())
    );

    let id = sleeper.id.as_str();
    for _ in 0..2 {
        engine.pause(id).await.unwrap();
        assert_eq!(stack.container("sleeper").await.state, State::Paused);
    }
    for _ in 0..2 {
        engine.unpause(id).await.unwrap();
        assert_eq!(stack.container("sleeper").await.state, State::Running);
    }
    for _ in 0..2 {
        engine.kill(id).await.unwrap();
        let killed = stack.container("sleeper").await;
        assert_eq!((killed.state, killed.exit_code), (State::Exited, Some(137)));
    }
    assert!(matches!(
        engine.pause(id).await,
        Err(EngineError::Api { .. })
    ));
    for _ in 0..2 {
        engine.start(id).await.unwrap();
        assert_eq!(stack.container("sleeper").await.state, State::Running);
    }
    for _ in 0..2 {
        engine.stop(id).await.unwrap();
        assert_eq!(stack.container("sleeper").await.state, State::Exited);
    }
    engine.restart(id).await.unwrap();
    let restarted = stack.container("sleeper").await;
    assert_eq!((restarted.state, restarted.restarts), (State::Running, 0));
    assert!(restarted.started_at > sleeper.started_at);
    // A process that dies by itself is brought back by the restart policy, and counted.
    engine.exec(id, &["sh", "-c", "kill -9 -1"]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stack.container("sleeper").await.restarts, 1);
    assert_eq!(
        engine.start("no-such").await,
        Err(EngineError::NoSuchContainer {
            id: "no-such".to_owned()
        })
    );
    stack.end().await;
}

#[tokio::test]
#[cfg_attr(not(feature = "stack-tests"), ignore = "needs a Docker engine")]
async fn files_output_and_memory_are_read() {
    let stack = Stack::boot("obsbook-live-read", MODEL).await;
    let engine = &stack.engine;
    let id = stack.container("sleeper").await.id;
    let id = id.as_str();
    assert_eq!(
        engine.read_file(id, "/run/obsbook/token").await.unwrap(),
        b"secret\n"
    );
    assert_eq!(
        engine.read_file(id, "/run/obsbook/link").await.unwrap(),
        b"secret\n"
    );
    engine
        .exec(id, &["sh", "-c", "echo tmp > /scratch/file"])
        .await
        .unwrap();
    assert_eq!(
        engine.read_file(id, "/scratch/file").await.unwrap(),
        b"tmp\n"
    );
    assert!(matches!(
        engine.read_file(id, "/nope").await,
        Err(EngineError::NoSuchFile { .. })
    ));
    assert!(matches!(
        engine.read_file(id, "/etc").await,
        Err(EngineError::NoSuchFile { .. })
    ));
    let gone = engine.read_file("no-such", "/nope").await;
    assert!(
        matches!(gone, Err(EngineError::NoSuchContainer { .. })),
        "{gone:?}"
    );
    let output = engine
        .exec(id, &["sh", "-c", "echo out; echo err >&2; exit 3"])
        .await
        .unwrap();
    assert_eq!(
        (
            output.stdout.as_str(),
            output.stderr.as_str(),
            output.status
        ),
        ("out\n", "err\n", 3)
    );
    let mut log = engine.log_tail(id, 10).await.unwrap();
    log.sort();
    assert_eq!(log, ["one", "two"]);
    assert_eq!(engine.log_tail(id, 1).await.unwrap().len(), 1);
    let asked = Instant::now();
    let idle = engine.memory_usage(id).await.unwrap();
    println!("memory_usage: {idle} B in {:?}", asked.elapsed());
    assert!((10_000..20_000_000).contains(&idle), "{idle}");
    engine.stop(id).await.unwrap();
    assert_eq!(engine.memory_usage(id).await.unwrap(), 0);
    assert_eq!(
        engine.read_file(id, "/run/obsbook/token").await.unwrap(),
        b"secret\n"
    );
    stack.end().await;
}

#[tokio::test]
#[cfg_attr(not(feature = "stack-tests"), ignore = "needs a Docker engine")]
async fn the_engine_describes_itself() {
    let asked = Instant::now();
    let engine = Engine::connect().await.unwrap();
    println!("connect: {:?}, {engine:?}", asked.elapsed());
    assert!(!engine.id().is_empty() && engine.info().cpus > 0 && engine.info().memory > 0);
    let asked = Instant::now();
    let offset = engine.clock_offset().await.unwrap();
    println!("clock_offset: {offset} in {:?}", asked.elapsed());
    assert!(offset.abs() < jiff::SignedDuration::from_secs(1));
    assert!(
        engine
            .image_id("obsbook/base:bookworm")
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(engine.image_id("obsbook/no-such:1").await.unwrap(), None);
    let asked = Instant::now();
    let answers = engine.registry_answers("prom/prometheus:v3.5.0").await;
    println!("registry_answers: {answers} in {:?}", asked.elapsed());
    assert!(asked.elapsed() < Duration::from_secs(7));
    println!("compose {}", Compose::version().await.unwrap());
}

#[tokio::test]
#[cfg_attr(not(feature = "stack-tests"), ignore = "needs a Docker engine")]
async fn an_engine_that_is_away_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let absent = Address::Socket(folder.path().join("absent.sock"));
    let error = Engine::connect_to(absent).await.unwrap_err();
    assert!(matches!(error, EngineError::NotRunning { .. }), "{error:?}");
    let stale = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    let error = Engine::connect_to(Address::Socket(stale))
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::NotRunning { .. }), "{error:?}");
    let error = Engine::connect_to(Address::Tcp("127.0.0.1:1".to_owned()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, EngineError::Unreachable { .. }),
        "{error:?}"
    );
    let silent = folder.path().join("silent.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&silent).unwrap();
    let asked = Instant::now();
    let error = Engine::connect_to(Address::Socket(silent))
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::TimedOut { .. }), "{error:?}");
    assert!(asked.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
#[cfg_attr(not(feature = "stack-tests"), ignore = "needs a Docker engine")]
async fn a_job_leaves_a_file_or_says_why_not() {
    let engine = Engine::connect().await.unwrap();
    let mut job = Job {
        what: "try a job".to_owned(),
        image: "obsbook/base:bookworm".to_owned(),
        script: "echo working; tr a-z A-Z < /job/in > /job/out".to_owned(),
        env: vec!["A=b".to_owned()],
        files: vec![JobFile {
            path: "job/in".to_owned(),
            content: b"text".to_vec(),
        }],
        result: "/job/out".to_owned(),
    };
    let mut lines = Vec::new();
    let made = engine
        .run_job(&job, &mut |line| lines.push(line.to_owned()))
        .await
        .unwrap();
    assert_eq!(
        (made.as_slice(), lines),
        (b"TEXT".as_slice(), vec!["working".to_owned()])
    );
    // One that is given up takes its container with it.
    job.script = "echo here; sleep 60".to_owned();
    let mut on_line = |_: &str| {};
    let given_up = tokio::time::timeout(Duration::from_secs(3), engine.run_job(&job, &mut on_line));
    assert!(given_up.await.is_err());
    tokio::time::sleep(Duration::from_secs(2)).await;
    job.script = "echo reason >&2; exit 4".to_owned();
    let error = engine.run_job(&job, &mut |_| {}).await.unwrap_err();
    assert_eq!(error.to_string(), "try a job failed with status 4: reason");
}

#[tokio::test]
#[cfg_attr(not(feature = "stack-tests"), ignore = "needs a Docker engine")]
async fn a_taken_port_and_a_missing_image_are_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let root = tempfile::tempdir().unwrap();
    let compose = Compose {
        root: root.path().into(),
        project: "obsbook-live-bad".to_owned(),
        ..Default::default()
    };
    let mut lines = Vec::new();
    for (image, expected) in [
        (
            "obsbook/base:bookworm",
            format!("docker compose up failed: port {port} is taken"),
        ),
        (
            "obsbook/no-such:1",
            "docker compose up failed: image ".to_owned(),
        ),
    ] {
        std::fs::write(
            root.path().join("compose.yaml"),
            format!(
                "services: {{ a: {{ image: {image}, init: true, command: [sleep, '9'], \
                 ports: ['127.0.0.1:${{NGINX_PORT:-{port}}}:80'] }} }}"
            ),
        )
        .unwrap();
        lines.clear();
        let error = compose
            .up("core", &[], &mut |line| lines.push(line.to_owned()))
            .await
            .unwrap_err();
        println!("{error}\n{:?}\n{}", error.hint(), lines.join("\n"));
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    compose.down(true, &mut |_| {}).await.unwrap();
}
