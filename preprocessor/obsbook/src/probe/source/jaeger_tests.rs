//! Jaeger, as far as a fake that answers over HTTP tells it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::jaeger::{Jaeger, Search};

/// The present of a stack whose clock is not ours.
const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const BACK: SignedDuration = SignedDuration::from_mins(1);

/// A Jaeger that answers to a question with these parameters alone.
async fn jaeger(to: &str, parameters: &[(&str, &str)], answer: &str) -> (Jaeger, MockServer) {
    let server = MockServer::start().await;
    let mut asked = Mock::given(method("GET")).and(path(to));
    for (name, value) in parameters {
        asked = asked.and(query_param(*name, *value));
    }
    let answer = ResponseTemplate::new(200).set_body_string(answer);
    asked.respond_with(answer).mount(&server).await;
    (Jaeger::new(server.uri(), reqwest::Client::new()), server)
}

#[tokio::test]
async fn jaeger_itself_looks_for_the_operation_until_now() {
    let parameters = [
        ("service", "web-gateway"),
        ("operation", "POST /api/orders"),
        ("limit", "1500"),
        ("minDuration", "700000us"),
        ("start", "-60000000"),
        ("end", "60000000"),
    ];
    let answer = r#"{"data":[{"traceID":"t","spans":[],"processes":{}}]}"#;
    let (jaeger, _server) = jaeger("/api/traces", &parameters, answer).await;
    let search = Search {
        service: "web-gateway",
        operation: Some("POST /api/orders"),
        at_least: Some(Duration::from_millis(700)),
        limit: 1500,
    };
    let found = jaeger.search(&search, NOW - BACK, NOW).await;
    assert_eq!(found.expect("traces").len(), 1);
}

#[tokio::test]
async fn calls_are_counted_until_now() {
    let parameters = [("endTs", "0"), ("lookback", "60000")];
    let answer = r#"{"data":[{"parent":"a","child":"b","callCount":2}]}"#;
    let (jaeger, _server) = jaeger("/api/dependencies", &parameters, answer).await;
    let found = jaeger.dependencies(NOW - BACK, NOW).await;
    assert_eq!(found.expect("calls")[0].call_count, 2);
}
