//! A fake engine with one service, and a fake Prometheus that sees it: what no real stack does on demand.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::engine::{Address, Engine};

/// How the fake telemetry follows the fake service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telemetry {
    /// `up` is 1 while the service runs and 0 while it does not.
    Follows,
    /// As `Follows`, but its newest sample is a minute old.
    Stale,
    /// `up` is 0 whatever happens.
    AlwaysDown,
    /// `up` is 1 whatever happens.
    AlwaysUp,
    /// No series at all.
    Nothing,
    /// Two series, both following.
    TwoSeries,
    /// Not a number while the service is down.
    NotANumber,
    /// The query is refused.
    Refuses,
    /// An answer that is none of Prometheus'.
    Breaks,
    /// Follows the fault, but never returns to 1.
    StaysDown,
    /// Follows the fault, but returns to 1 only some time after the service was started again.
    ReturnsLate,
}

/// What the fake service does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obedience {
    /// Everything that the engine is asked.
    Obeys,
    /// It cannot be killed.
    RefusesKill,
    /// It goes on for a while after it was killed, as one that is being stopped does.
    DiesSlowly,
    /// It cannot be started again.
    RefusesStart,
}

#[derive(Debug)]
pub(super) struct Truth {
    pub(super) running: bool,
    pub(super) was_killed: bool,
    started_again: Option<Instant>,
    pub(super) telemetry: Telemetry,
    pub(super) obedience: Obedience,
    pub(super) journal: PathBuf,
    /// What the journal held at the moment of the kill.
    pub(super) journal_at_kill: Option<String>,
    telemetry_port: u16,
}

/// How long what returns late takes.
const LATE: Duration = Duration::from_secs(4);
/// How long what dies slowly takes.
const DYING: Duration = Duration::from_millis(500);
/// How long a service that is down keeps a caller waiting at `/slow`.
pub(super) const SLOW: Duration = Duration::from_secs(2);

/// The two servers and what is true of them.
pub(super) struct Fakes {
    pub(super) engine: Engine,
    pub(super) truth: Arc<Mutex<Truth>>,
    _servers: [MockServer; 2],
}

struct FakeEngine(Arc<Mutex<Truth>>);
struct FakePrometheus(Arc<Mutex<Truth>>);

impl Fakes {
    pub(super) async fn start(telemetry: Telemetry, obedience: Obedience) -> Self {
        let prometheus = MockServer::start().await;
        let truth = Arc::new(Mutex::new(Truth {
            running: true,
            was_killed: false,
            started_again: None,
            telemetry,
            obedience,
            journal: PathBuf::new(),
            journal_at_kill: None,
            telemetry_port: prometheus.address().port(),
        }));
        Mock::given(any())
            .respond_with(FakePrometheus(truth.clone()))
            .mount(&prometheus)
            .await;
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(FakeEngine(truth.clone()))
            .mount(&server)
            .await;
        let address = Address::Tcp(server.address().to_string());
        let engine = Engine::connect_to(address).await.expect("the fake engine");
        Self {
            engine,
            truth,
            _servers: [prometheus, server],
        }
    }
}

fn container(truth: &Truth, service: &str) -> Value {
    let running = service == "metrics" || truth.running;
    let ports = json!({"9090/tcp": [{"HostIp": "127.0.0.1", "HostPort": truth.telemetry_port.to_string()}]});
    json!({
        "Id": service, "Name": format!("/fake-{service}-1"), "RestartCount": 0, "Image": "sha256:1",
        "State": {"Status": if running { "running" } else { "exited" }, "ExitCode": if running { 0 } else { 137 }},
        "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}},
        "Config": {"Image": "fake", "Labels": {"com.docker.compose.project": "fake", "com.docker.compose.service": service}},
        "NetworkSettings": {"Ports": ports},
    })
}

impl Respond for FakeEngine {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut truth = self.0.lock().expect("the truth");
        let path = request.url.path();
        let fine = |body: Value| ResponseTemplate::new(200).set_body_json(body);
        let refused = ResponseTemplate::new(500).set_body_json(json!({"message": "no"}));
        if path.ends_with("/_ping") {
            return ResponseTemplate::new(200).set_body_string("OK");
        }
        if path.ends_with("/version") {
            return fine(json!({"ApiVersion": "1.41"}));
        }
        if path.ends_with("/info") {
            return fine(json!({"ID": "FAKE", "SystemTime": Timestamp::now().to_string()}));
        }
        if path.ends_with("/containers/json") {
            let query = request.url.query().unwrap_or_default();
            let asked =
                |service: &str| !query.contains("compose.service") || query.contains(service);
            let found: Vec<_> = ["metrics", "target"]
                .into_iter()
                .filter(|name| asked(&format!("service%3D{name}")))
                .collect();
            return fine(found.into_iter().map(|name| json!({"Id": name})).collect());
        }
        if path.ends_with("/kill") {
            truth.journal_at_kill = std::fs::read_to_string(&truth.journal).ok();
            if truth.obedience == Obedience::RefusesKill {
                return refused;
            }
            truth.was_killed = true;
            if truth.obedience == Obedience::DiesSlowly {
                let later = Arc::clone(&self.0);
                std::thread::spawn(move || {
                    std::thread::sleep(DYING);
                    later.lock().expect("the truth").running = false;
                });
                return ResponseTemplate::new(204).set_delay(DYING * 2);
            }
            truth.running = false;
            return ResponseTemplate::new(204);
        }
        if path.ends_with("/start") {
            if truth.obedience == Obedience::RefusesStart {
                return refused;
            }
            truth.running = true;
            truth.started_again = Some(Instant::now());
            return ResponseTemplate::new(204);
        }
        if path.contains("/containers/") && path.ends_with("/json") {
            let service = if path.contains("/metrics/") {
                "metrics"
            } else {
                "target"
            };
            return fine(container(&truth, service));
        }
        ResponseTemplate::new(404).set_body_json(json!({"message": format!("no fake for {path}")}))
    }
}

impl Respond for FakePrometheus {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let truth = self.0.lock().expect("the truth");
        if request.url.path() == "/slow" {
            return match truth.running {
                true => ResponseTemplate::new(200),
                false => ResponseTemplate::new(503).set_delay(SLOW),
            };
        }
        let query = request
            .url
            .query_pairs()
            .find(|(name, _)| name == "query")
            .map(|(_, value)| value.into_owned());
        let query = query.unwrap_or_default();
        let now = Timestamp::now();
        let seconds = |time: Timestamp| time.as_millisecond() as f64 / 1000.0;
        let up = if truth.running { "1" } else { "0" };
        let (values, sampled): (Vec<&str>, Timestamp) = match truth.telemetry {
            Telemetry::Refuses => {
                return ResponseTemplate::new(400).set_body_json(json!({"status": "error", "errorType": "bad_data", "error": "no such function"}));
            }
            Telemetry::Breaks => return ResponseTemplate::new(502).set_body_string("<html>"),
            Telemetry::Nothing => (vec![], now),
            Telemetry::AlwaysDown => (vec!["0"], now),
            Telemetry::AlwaysUp => (vec!["1"], now),
            Telemetry::TwoSeries => (vec![up, up], now),
            Telemetry::NotANumber => (vec![if truth.running { "1" } else { "NaN" }], now),
            Telemetry::StaysDown => (vec![if truth.was_killed { "0" } else { "1" }], now),
            Telemetry::Follows => (vec![up], now),
            Telemetry::ReturnsLate => {
                let is_early = truth.started_again.is_some_and(|at| at.elapsed() < LATE);
                (vec![if is_early { "0" } else { up }], now)
            }
            // The sample is old, and yet the value is new: as if a recording rule repeated it.
            Telemetry::Stale => (
                vec![up],
                now - SignedDuration::from_secs(if truth.running { 0 } else { 60 }),
            ),
        };
        let value = |text: String| json!([seconds(now), text]);
        let result: Vec<Value> = if query.contains("timestamp(") {
            values
                .iter()
                .take(1)
                .map(|_| json!({"metric": {}, "value": value(seconds(sampled).to_string())}))
                .collect()
        } else {
            values.iter().enumerate().map(|(index, text)| json!({"metric": {"i": index.to_string()}, "value": value((*text).to_owned())})).collect()
        };
        ResponseTemplate::new(200).set_body_json(
            json!({"status": "success", "data": {"resultType": "vector", "result": result}}),
        )
    }
}

/// Returns a lab that runs in a profile.
pub(super) fn lab_in(profile: &str) -> obsbook_lab::block::Lab {
    use obsbook_lab::book::{Book, Document, Role};
    use obsbook_lab::span::SourceFile;
    use obsbook_lab::surroundings::Surroundings;

    let block = "id: a\ntitle: t\ninject: [{kill: b}]\nexpect: [{container: b, is: exited}]";
    let text = format!("```lab\n{block}\nprofile: {profile}\n```\n");
    let document = Document {
        source: SourceFile::new("src/a.md", text),
        role: Role::Chapter {
            name: "A".to_owned(),
            number: vec![1],
        },
    };
    let book = Book::read(&[document], &Surroundings::default());
    book.labs().next().cloned().expect("a lab")
}
