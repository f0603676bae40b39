//! What obsbook does where what answers is no real engine.

use std::fs;

use serde_json::json;
use wiremock::matchers::{any, path_regex, query_param_contains};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{book, obsbook, told};

#[tokio::test]
async fn stacks_that_no_job_made_are_nobodys_leftovers() {
    let server = MockServer::start().await;
    let of =
        |project: &str| json!({"Id": project, "Labels": {"com.docker.compose.project": project}});
    let projects = ["obsbook-fixture-job2", "obsbook-fixture-job3"].map(of);
    let fine = |body: serde_json::Value| ResponseTemplate::new(200).set_body_json(body);
    let containers = || Mock::given(any()).and(path_regex("/containers/json$"));
    let of_one = containers().and(query_param_contains("filters", "oneoff"));
    for mock in [
        of_one.respond_with(fine(json!([]))),
        containers().respond_with(fine(json!(projects))),
        Mock::given(any())
            .and(path_regex("/version$"))
            .respond_with(fine(json!({"ApiVersion": "1.41"}))),
        Mock::given(any()).respond_with(fine(json!({"ID": "FAKE"}))),
    ] {
        mock.mount(&server).await;
    }
    let state = tempfile::tempdir().expect("a folder");
    let made = state
        .path()
        .join("obsbook/stacks/FAKE/obsbook-fixture-job2");
    fs::create_dir_all(&made).expect("made");
    fs::write(made.join("of-job"), "").expect("written");
    let said = told(
        obsbook(state.path())
            .arg("--book")
            .arg(book("good"))
            .arg("status")
            .env("DOCKER_HOST", format!("tcp://{}", server.address())),
    );
    assert_eq!(said.status, 0, "{}", said.err);
    let left: Vec<_> = said
        .err
        .lines()
        .filter(|line| line.contains("of an earlier run"))
        .collect();
    assert_eq!(
        left,
        ["stack obsbook-fixture-job2 of an earlier run is still up"]
    );
}
