//! Prometheus, as far as a fake that answers over HTTP tells it.

use obsbook_lab::promql::Query;
use serde_json::json;

use super::ask::QueryError;
use super::prometheus::{Prometheus, Series};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn ask(status: u16, body: &str) -> Result<Vec<Series>, QueryError> {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_string(body);
    Mock::given(method("GET"))
        .and(path("/api/v1/query"))
        .respond_with(answer)
        .mount(&server)
        .await;
    Prometheus::new(server.uri(), reqwest::Client::new())
        .query("up")
        .await
}

#[tokio::test]
async fn answers_are_read_with_their_values_and_times() {
    let body = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"a"},"value":[1700000000.5,"NaN"]},{"metric":{},"value":[1700000000.5,"+Inf"]}]}}"#;
    let found = ask(200, body).await.expect("series");
    assert!(found[0].value.is_nan());
    assert_eq!(found[0].labels["job"], "a");
    assert_eq!(found[0].at.as_millisecond(), 1_700_000_000_500);
    assert!(found[1].value.is_infinite());
    let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"3"]}}"#;
    assert_eq!(ask(200, scalar).await.expect("one")[0].value, 3.0);
}

#[tokio::test]
async fn a_refusal_is_not_an_absence() {
    let refused = r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#;
    assert!(
        matches!(ask(400, refused).await, Err(QueryError::Refused { reason, .. }) if reason == "parse error")
    );
    let overloaded = r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#;
    assert!(matches!(
        ask(503, overloaded).await,
        Err(QueryError::Away(_))
    ));
    assert!(matches!(ask(502, "<html>").await, Err(QueryError::Away(_))));
    let nobody = Prometheus::new("http://127.0.0.1:1", reqwest::Client::new());
    assert!(
        matches!(nobody.query("up").await, Err(QueryError::Away(reason)) if reason == "connection refused")
    );
}

/// Answers queries that hold a text with a matrix or a vector, and the others with an empty vector.
async fn samples_of(holding: &str, data: serde_json::Value) -> (Prometheus, MockServer) {
    let server = MockServer::start().await;
    let answer = |data: serde_json::Value| {
        ResponseTemplate::new(200).set_body_json(json!({"status": "success", "data": data}))
    };
    let nothing = json!({"resultType": "vector", "result": []});
    let asked = holding.to_owned();
    let is_asked = move |request: &wiremock::Request| {
        let query = request.url.query_pairs().find(|(name, _)| name == "query");
        query.is_some_and(|(_, text)| text == asked)
    };
    let some = Mock::given(is_asked).respond_with(answer(data));
    server.register(some.with_priority(1)).await;
    let none = Mock::given(method("GET")).respond_with(answer(nothing));
    server.register(none.with_priority(9)).await;
    let prometheus = Prometheus::new(server.uri(), reqwest::Client::new());
    (prometheus, server)
}

#[tokio::test]
async fn the_newest_sample_is_one_that_the_answer_takes() {
    let matrix = |key: &str, last: serde_json::Value| {
        json!({"resultType": "matrix", "result": [
            {"metric": {"a": "1"}, key: [[1690000000, last]]},
            {"metric": {"a": "2"}, key: [[1690000000, last], [1700000000, last]]}]})
    };
    let vector = json!({"resultType": "vector", "result": [{"metric": {}, "value": [1700000009, "1700000000"]}]});
    let numbers = matrix("values", json!("1"));
    let histograms = matrix("histograms", json!({"count": "1", "sum": "1"}));
    for (query, asked, data) in [
        ("x", "max(timestamp(x))", &vector),
        ("x offset 30s", "max(timestamp(x offset 30s))", &vector),
        (
            "rate(x[15s] offset 1m)",
            "max(timestamp(x offset 1m))",
            &vector,
        ),
        // Nothing is there now: what the window still holds decides.
        ("rate(x[15s])", "x[15s]", &numbers),
        ("rate(x[15s])", "x[15s]", &histograms),
        (
            "max_over_time(x[1m:5s] offset 30s)",
            "x[1m] offset 30s",
            &numbers,
        ),
        (r#"{a="b"}"#, r#"{a="b"}[5m]"#, &numbers),
        (r#"rate({a="b"}[15s])"#, r#"{a="b"}[15s]"#, &numbers),
    ] {
        let (prometheus, _server) = samples_of(asked, data.clone()).await;
        let selector = Query::parse(query).expect(query).selectors.remove(0);
        let newest = prometheus.newest_sample(&selector).await.expect(query);
        let newest = newest.map(|at| at.as_second());
        assert_eq!(newest, Some(1_700_000_000), "{query}");
    }
}

#[tokio::test]
async fn a_native_histogram_is_refused_as_no_number() {
    let body = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1700000000,{"count":"3","sum":"2"}]}]}}"#;
    let error = ask(200, body).await.expect_err("no number");
    assert!(
        matches!(&error, QueryError::Refused { reason, .. } if reason.contains("histogram_quantile()")),
        "{error}"
    );
}
