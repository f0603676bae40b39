//! Undos against a fake engine and a fake fault API: what no real stack does on demand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use mdbook_core::config::Config;
use obsbook_lab::block::{Fault, FaultKind, Network};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::{InjectError, LoadError, Undo, inject_undoable};
use crate::book::LoadedBook;
use crate::engine::{Address, Engine};
use crate::run::Interrupt;
use crate::stack::{Entry, Journal, Options, Stack, recover};

const COMPOSE: &str = "name: fake
services:
  api: {labels: {dev.obsbook.faults.port: \"9900\", dev.obsbook.faults.token: /run/token}}
  twin: {}
";
const STARTED: &str = "2026-01-02T03:04:05.678901234Z";
const STARTED_LATER: &str = "2026-01-02T03:05:00Z";
/// How long the fake engine takes to say that it has stopped a container.
const STOPPING: Duration = Duration::from_millis(200);

#[derive(Debug, Clone)]
struct Fake {
    id: &'static str,
    service: &'static str,
    state: &'static str,
    started_at: &'static str,
}

#[derive(Debug)]
struct Truth {
    containers: Vec<Fake>,
    /// What was done, as in `stop api-1`.
    done: Vec<String>,
    api_port: u16,
}

struct FakeEngine(Arc<Mutex<Truth>>);

struct Fakes {
    stack: Stack,
    truth: Arc<Mutex<Truth>>,
    _servers: [MockServer; 2],
    _book: tempfile::TempDir,
}

impl Fakes {
    /// Starts an engine with these containers, and a fault API that answers everything with `status`.
    async fn start(containers: &[Fake], status: u16) -> Self {
        let api = MockServer::start().await;
        let answer = ResponseTemplate::new(status).set_body_json(json!({"error": "no such fault"}));
        Mock::given(any()).respond_with(answer).mount(&api).await;
        let truth = Arc::new(Mutex::new(Truth {
            containers: containers.to_vec(),
            done: Vec::new(),
            api_port: api.address().port(),
        }));
        let server = MockServer::start().await;
        let fake = Mock::given(any()).respond_with(FakeEngine(truth.clone()));
        fake.mount(&server).await;
        let address = Address::Tcp(server.address().to_string());
        let engine = Engine::connect_to(address).await.expect("the fake engine");
        let book = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(book.path().join(name), text);
        std::fs::create_dir(book.path().join("src")).expect("a folder");
        write("compose.yaml", COMPOSE).expect("written");
        write("src/SUMMARY.md", "# Summary\n").expect("written");
        let mut config = Config::default();
        let setting = config.set("preprocessor.obsbook.compose", "compose.yaml");
        setting.expect("a setting");
        let loaded = LoadedBook::with_config(book.path(), &config).expect("a book");
        Self {
            stack: Stack::on(engine, &loaded, &Options::default()).expect("a stack"),
            truth,
            _servers: [api, server],
            _book: book,
        }
    }

    fn done(&self) -> Vec<String> {
        self.truth.lock().expect("the truth").done.clone()
    }
}

impl Respond for FakeEngine {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut truth = self.0.lock().expect("the truth");
        let fine = |body: Value| ResponseTemplate::new(200).set_body_json(body);
        let path: Vec<&str> = request
            .url
            .path()
            .trim_start_matches('/')
            .split('/')
            .collect();
        let query = request.url.query().unwrap_or_default();
        match path.as_slice() {
            [.., "_ping"] => ResponseTemplate::new(200).set_body_string("OK"),
            [.., "version"] => fine(json!({"ApiVersion": "1.41"})),
            [.., "info"] => fine(json!({"ID": "FAKE"})),
            [.., "containers", "json"] => {
                let asked = |service: &str| query.contains(&format!("service%3D{service}"));
                let found = truth.containers.iter().filter(|c| asked(c.service));
                fine(found.map(|c| json!({"Id": c.id})).collect())
            }
            [.., "containers", id, "archive"] => {
                truth.done.push(format!("read {id}"));
                ResponseTemplate::new(200).set_body_bytes(archive())
            }
            [.., "containers", id, what] => {
                let port = truth.api_port;
                let Some(container) = truth.containers.iter_mut().find(|c| c.id == *id) else {
                    let message = json!({"message": format!("No such container: {id}")});
                    return ResponseTemplate::new(404).set_body_json(message);
                };
                match *what {
                    "json" => return fine(inspected(container, port)),
                    "stop" => container.state = "exited",
                    "pause" => container.state = "paused",
                    _ => container.state = "running",
                }
                let done = format!("{what} {id}");
                truth.done.push(done);
                let takes = if *what == "stop" {
                    STOPPING
                } else {
                    Duration::ZERO
                };
                ResponseTemplate::new(204).set_delay(takes)
            }
            _ => ResponseTemplate::new(404),
        }
    }
}

fn inspected(container: &Fake, port: u16) -> Value {
    let service = container.service;
    json!({
        "Id": container.id, "Name": format!("/{}", container.id),
        "State": {"Status": container.state, "StartedAt": container.started_at},
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}},
        "Config": {"Labels": {"com.docker.compose.project": "fake", "com.docker.compose.service": service}},
        "NetworkSettings": {"Ports": {"9900/tcp": [{"HostIp": "127.0.0.1", "HostPort": port.to_string()}]}},
    })
}

fn archive() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(6);
    header.set_cksum();
    let added = archive.append_data(&mut header, "token", &b"secret"[..]);
    added
        .and_then(|()| archive.into_inner())
        .expect("an archive")
}

fn fake(id: &'static str, service: &'static str, state: &'static str) -> Fake {
    Fake {
        id,
        service,
        state,
        started_at: STARTED,
    }
}

fn fault(service: &str, kind: FaultKind) -> Fault {
    Fault {
        service: service.to_owned(),
        kind,
    }
}

fn stopped(service: &str, container: Option<&str>, at: Option<&str>) -> Undo {
    Undo::EnsureRunning {
        service: service.to_owned(),
        container: container.map(str::to_owned),
        stopped: at.map(|at| at.parse::<Timestamp>().expect("a time")),
    }
}

async fn check(undo: Undo, containers: &[Fake], expected: &[&str]) {
    let fakes = Fakes::start(containers, 200).await;
    undo.apply(&fakes.stack).await.expect("undone");
    assert_eq!(fakes.done(), expected, "{undo:?}, {containers:?}");
}

#[tokio::test]
async fn a_stop_that_is_under_way_is_waited_for() {
    let running = fake("api-1", "api", "running");
    let undo = || stopped("api", Some("api-1"), Some(STARTED));
    let both = ["stop api-1", "start api-1"];
    check(undo(), std::slice::from_ref(&running), &both).await;
    let again = Fake {
        started_at: STARTED_LATER,
        ..running.clone()
    };
    check(undo(), &[again], &[]).await;
    let ended = fake("api-1", "api", "exited");
    check(undo(), &[ended], &["start api-1"]).await;
    // Of another fault nothing is under way.
    let killed = stopped("api", Some("api-1"), None);
    check(killed, &[running], &[]).await;
}

#[tokio::test]
async fn of_several_containers_the_broken_one_is_mended() {
    let twins = [fake("a", "twin", "running"), fake("b", "twin", "exited")];
    check(stopped("twin", Some("b"), None), &twins, &["start b"]).await;
    let anew = [fake("c", "twin", "paused")];
    check(stopped("twin", Some("b"), None), &anew, &["unpause c"]).await;
    check(stopped("twin", None, None), &anew, &["unpause c"]).await;
    check(stopped("twin", Some("b"), None), &[], &[]).await;
}

#[tokio::test]
async fn a_fault_goes_to_the_container_that_its_undo_knows() {
    let twins = [fake("a", "twin", "running"), fake("b", "twin", "running")];
    let fakes = Fakes::start(&twins, 200).await;
    let pause = fault("twin", FaultKind::Pause);
    let undo = Undo::before(&fakes.stack, &pause).await.expect("an undo");
    assert_eq!(undo, stopped("twin", Some("a"), None));
    // It ended by itself meanwhile.
    fakes.truth.lock().expect("the truth").containers[0].state = "exited";
    let lasts = Duration::from_secs(1);
    let injected = inject_undoable(&fakes.stack, &pause, &undo, lasts).await;
    injected.expect("injected");
    undo.apply(&fakes.stack).await.expect("undone");
    assert_eq!(fakes.done(), ["pause a", "unpause a"]);
}

#[tokio::test]
async fn a_stop_knows_when_the_process_was_started() {
    let fakes = Fakes::start(&[fake("api-1", "api", "running")], 200).await;
    let stop = fault("api", FaultKind::Stop);
    let undo = Undo::before(&fakes.stack, &stop).await.expect("an undo");
    assert_eq!(undo, stopped("api", Some("api-1"), Some(STARTED)));
    let nobody = fault("twin", FaultKind::Stop);
    let error = Undo::before(&fakes.stack, &nobody).await;
    assert!(
        matches!(error, Err(InjectError::NoContainer(_))),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_service_that_does_not_know_a_fault_has_none_to_end() {
    let undo = Undo::EndFault {
        service: "api".to_owned(),
        kind: "stall".to_owned(),
    };
    let containers = [fake("api-1", "api", "running")];
    for status in [200, 400, 404, 405] {
        let fakes = Fakes::start(&containers, status).await;
        undo.apply(&fakes.stack).await.expect("undone");
        assert_eq!(fakes.done(), ["read api-1"], "{status}");
    }
    // A token that is not taken says nothing about the fault, and neither does a broken service.
    for status in [401, 403, 500] {
        let fakes = Fakes::start(&containers, status).await;
        undo.apply(&fakes.stack).await.expect("undone");
        assert_eq!(fakes.done(), ["read api-1", "restart api-1"], "{status}");
    }
}

#[tokio::test]
async fn a_way_without_a_proxy_is_calm() {
    let fakes = Fakes::start(&[fake("api-1", "api", "running")], 200).await;
    let to = "loki".to_owned();
    let toxic = Network::Down;
    let cut = fault("api", FaultKind::Network { to, toxic });
    let undo = Undo::before(&fakes.stack, &cut).await.expect("an undo");
    undo.apply(&fakes.stack).await.expect("undone");
    let injected = inject_undoable(&fakes.stack, &cut, &undo, Duration::ZERO).await;
    assert!(injected.is_err_and(|error| error.is_invalid()));
}

#[tokio::test]
async fn what_makes_no_traffic_is_refused_before_anything_is_owed() {
    let fakes = Fakes::start(&[fake("api-1", "api", "running")], 200).await;
    let more = fault("api", FaultKind::Load { users: 40 });
    let error = Undo::before(&fakes.stack, &more).await;
    let refused = |error: &InjectError| error.is_invalid();
    assert!(
        matches!(&error, Err(error @ InjectError::Load(LoadError::NoUsual { .. })) if refused(error)),
        "{error:?}"
    );
    let owed = Undo::UsualLoad {
        service: "api".to_owned(),
        users: None,
    };
    owed.apply(&fakes.stack).await.expect("undone");
}

fn owed(undo: Undo) -> Entry {
    Entry {
        run: "r".to_owned(),
        lab: "l".to_owned(),
        by_hand: false,
        hidden: false,
        fault: fault("api", FaultKind::Stop),
        undo,
    }
}

#[tokio::test]
async fn what_an_earlier_process_left_is_undone_to_the_end_though_somebody_interrupts() {
    let fakes = Fakes::start(&[fake("api-1", "api", "running")], 200).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::open(folder.path()).expect("a journal");
    let entry = owed(stopped("api", Some("api-1"), Some(STARTED)));
    journal.add(entry).expect("added");
    let interrupt = Interrupt::default();
    let (asked, truth) = (interrupt.clone(), Arc::clone(&fakes.truth));
    tokio::spawn(async move {
        while truth.lock().expect("the truth").done.is_empty() {
            tokio::time::sleep(STOPPING / 20).await;
        }
        asked.set();
    });
    let recovery = recover(&fakes.stack, &mut journal, |_| true);
    interrupt.unless(recovery).await;
    assert!(interrupt.is_set());
    assert_eq!(fakes.done(), ["stop api-1", "start api-1"]);
    let again = Journal::open(folder.path()).expect("a journal");
    assert!(again.entries().is_empty());
}

#[tokio::test]
async fn what_is_undone_counts_as_undone_though_the_journal_cannot_be_kept() {
    let fakes = Fakes::start(&[fake("api-1", "api", "exited")], 200).await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = Journal::open(folder.path()).expect("a journal");
    let stays = owed(stopped("twin", None, None));
    journal.add(stays.clone()).expect("added");
    let entry = owed(stopped("api", Some("api-1"), None));
    journal.add(entry.clone()).expect("added");
    folder.close().expect("the folder is gone");
    let recovery = recover(&fakes.stack, &mut journal, |owed| *owed == entry).await;
    assert!(recovery.kept.is_err());
    let [undone] = recovery.all.as_slice() else {
        panic!("{:?}", recovery.all);
    };
    assert!(undone.result.is_ok(), "{undone:?}");
    assert_eq!(fakes.done(), ["start api-1"]);
    assert_eq!(journal.entries(), [stays]);
}
