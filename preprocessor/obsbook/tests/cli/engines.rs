//! What obsbook does where what answers is no real engine.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde_json::json;
use wiremock::matchers::{any, path_regex, query_param_contains};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Told, book, copy_books, obsbook, told};

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

#[test]
fn a_test_run_that_is_interrupted_says_so_although_its_results_are_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("good");
    copy_books(&["good", "compose"], folder.path());
    let settings = json!({"compose": "../compose/compose.yaml", "results": "made/results.json"});
    let input = json!([
        {"root": root, "config": {"book": {"src": "src"}, "preprocessor": {"obsbook": settings}}, "renderer": "test", "mdbook_version": "0.5.4"},
        {"items": []},
    ]);
    fs::write(folder.path().join("input"), input.to_string()).expect("written");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let child = obsbook(folder.path())
        .env(
            "DOCKER_HOST",
            format!("tcp://{}", silent.local_addr().expect("an address")),
        )
        .stdin(fs::File::open(folder.path().join("input")).expect("the input"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("obsbook starts");
    let _greeted = silent.accept().expect("a question");
    fs::write(root.join("made"), "in the way").expect("written");
    let pid = child.id().to_string();
    let told = Command::new("kill").args(["-INT", &pid]).status();
    assert!(told.expect("kill").success());
    let said: Told = child.wait_with_output().expect("an end").into();
    assert!(
        said.err.contains("the results cannot be written"),
        "{}",
        said.err
    );
    assert_eq!(said.status, 130, "{}", said.err);
}
