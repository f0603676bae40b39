//! The live server against those who should not be served: foreign pages, foreign names, and calls that name more than a lab.

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use support::{copy_books, obsbook};

struct Server {
    child: Child,
    address: String,
    /// The book, and what obsbook knows of this machine.
    _folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn call(folder: &TempDir, port: &str) -> Command {
    copy_books(&["compose", "good"], folder.path());
    let mut command = obsbook(&folder.path().join("state"));
    command
        .args(["serve", "--port", port, "--format", "json", "--book"])
        .arg(folder.path().join("good"));
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    // mdBook is started by obsbook, and starts it.
    let own = Path::new(env!("CARGO_BIN_EXE_obsbook"))
        .parent()
        .expect("a folder");
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = [own.to_owned(), tools]
        .into_iter()
        .chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).expect("folders"));
    command
}

fn serve() -> Server {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = call(&folder, "0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("obsbook");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let told: Value = serde_json::from_str(&line).expect("where it serves");
    let address = told["book"].as_str().expect("an address").to_owned();
    Server {
        child,
        address,
        _folder: folder,
    }
}

struct Asked<'a> {
    method: Method,
    path: &'a str,
    headers: Vec<(&'a str, String)>,
    body: &'a str,
}

impl Server {
    async fn status(&self, asked: &Asked<'_>) -> StatusCode {
        self.answer(asked).await.status()
    }

    async fn answer(&self, asked: &Asked<'_>) -> reqwest::Response {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        let mut request = client.request(
            asked.method.clone(),
            format!("{}{}", self.address, asked.path),
        );
        for (name, value) in &asked.headers {
            request = request.header(*name, value);
        }
        request
            .body(asked.body.to_owned())
            .send()
            .await
            .expect("an answer")
    }

    async fn token(&self) -> String {
        let session: Value = reqwest::get(format!("{}/api/session", self.address))
            .await
            .expect("an answer")
            .json()
            .await
            .expect("a session");
        session["token"].as_str().expect("a token").to_owned()
    }
}

#[tokio::test]
async fn only_this_servers_pages_are_served() {
    let server = serve();
    let token = server.token().await;
    let own = server.address.clone();
    let check = async |method: Method, path: &str, headers: &[(&str, &str)], expected: u16| {
        let headers = headers
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        let asked = Asked {
            method: method.clone(),
            path,
            headers,
            body: "{}",
        };
        let status = server.status(&asked).await.as_u16();
        assert_eq!(status, expected, "{method} {path} {:?}", asked.headers);
    };
    let json = ("content-type", "application/json");
    let run = "/api/labs/nothing-such/run";

    // The book and its interface.
    check(Method::GET, "/", &[], 200).await;
    check(Method::GET, "/api/session", &[("origin", &own)], 200).await;
    check(Method::GET, "/api/nothing", &[], 404).await;
    check(Method::GET, "/nothing.html", &[], 404).await;

    // DNS rebinding: the browser is sure that it talks to the attacker's own name.
    for host in [
        "evil.example",
        "evil.example:3010",
        "127.0.0.1.evil.example",
        "localhost",
    ] {
        check(Method::GET, "/", &[("host", host)], 421).await;
        check(Method::GET, "/api/session", &[("host", host)], 421).await;
        check(
            Method::POST,
            run,
            &[
                ("host", host),
                ("origin", &own),
                ("x-obsbook-token", &token),
                json,
            ],
            421,
        )
        .await;
    }
    check(
        Method::GET,
        "/",
        &[("x-forwarded-host", "evil.example")],
        200,
    )
    .await;

    // A foreign page cannot read the token, and without it cannot change anything.
    for origin in [
        "http://evil.example",
        "null",
        "http://localhost:3001",
        "https://localhost:3000",
    ] {
        check(Method::GET, "/api/session", &[("origin", origin)], 403).await;
        check(Method::GET, "/api/events", &[("origin", origin)], 403).await;
        check(
            Method::OPTIONS,
            run,
            &[
                ("origin", origin),
                ("access-control-request-method", "POST"),
            ],
            403,
        )
        .await;
        check(
            Method::POST,
            run,
            &[("origin", origin), ("x-obsbook-token", &token), json],
            403,
        )
        .await;
    }
    check(
        Method::GET,
        "/api/session",
        &[("sec-fetch-site", "cross-site")],
        403,
    )
    .await;
    check(Method::POST, run, &[("origin", &own), json], 403).await;
    check(
        Method::POST,
        run,
        &[("origin", &own), ("x-obsbook-token", "00"), json],
        403,
    )
    .await;
    check(Method::POST, run, &[("x-obsbook-token", &token), json], 403).await;

    // The named origin may.
    let named = ("origin", "http://localhost:3000");
    check(
        Method::OPTIONS,
        run,
        &[named, ("access-control-request-method", "POST")],
        204,
    )
    .await;
    check(
        Method::GET,
        "/api/session",
        &[named, ("sec-fetch-site", "same-site")],
        200,
    )
    .await;

    // A lab's id, and nothing else.
    let post = [
        ("origin", own.as_str()),
        ("x-obsbook-token", token.as_str()),
        json,
    ];
    check(Method::POST, run, &post, 404).await;
    check(Method::POST, "/api/labs/..%2f..%2fetc/run", &post, 404).await;
    check(Method::POST, "/api/labs/%24(reboot)/run", &post, 404).await;
    check(Method::POST, "/api/run?query=up", &post, 404).await;
    check(Method::DELETE, run, &post, 405).await;
}

#[tokio::test]
async fn a_page_can_show_why_it_was_refused() {
    let server = serve();
    let own = ("origin", server.address.clone());
    for (method, headers, path, expected) in [
        (
            Method::POST,
            vec![own],
            "/api/stack/down",
            "reload the page",
        ),
        (Method::GET, vec![], "/api/nothing", "no such call"),
    ] {
        let asked = Asked {
            method,
            path,
            headers,
            body: "{}",
        };
        let said: Value = server.answer(&asked).await.json().await.expect("json");
        let words = said["error"].as_str().expect("words");
        assert!(words.contains(expected), "{words}");
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_built_book() {
    let server = serve();
    let port = server
        .address
        .rsplit(':')
        .next()
        .expect("a port")
        .to_owned();
    for path in [
        "/../book.toml",
        "/..%2fbook.toml",
        "/%2e%2e/book.toml",
        "/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/..%5cbook.toml",
        "/book.toml%00.html",
    ] {
        // By hand: a client would tidy the path.
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
        let answer = tokio::task::spawn_blocking({
            let port = port.clone();
            move || raw(&port, &request)
        });
        let answer = answer.await.expect("an answer");
        assert!(
            answer.starts_with("HTTP/1.1 404") || answer.starts_with("HTTP/1.1 400"),
            "{path}: {answer}"
        );
        assert!(
            !answer.contains("preprocessor") && !answer.contains("root:"),
            "{path}: {answer}"
        );
    }
}

fn raw(port: &str, request: &str) -> String {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn pages_that_never_read_and_pages_that_have_gone_hold_nobody_up() {
    let server = serve();
    let token = server.token().await;
    let own = server.address.clone();
    let port = own.rsplit(':').next().expect("a port").to_owned();
    let request = format!("GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n");
    let open = || {
        use std::io::Write;
        let mut stream =
            std::net::TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server");
        stream.write_all(request.as_bytes()).expect("sent");
        stream
    };
    let silent: Vec<_> = (0..40).map(|_| open()).collect();
    drop((0..40).map(|_| open()).collect::<Vec<_>>());
    for _ in 0..200 {
        let asked = Asked {
            method: Method::POST,
            path: "/api/progress/reset",
            headers: vec![
                ("origin", own.clone()),
                ("x-obsbook-token", token.clone()),
                ("content-type", "application/json".to_owned()),
            ],
            body: "{}",
        };
        let answered =
            tokio::time::timeout(std::time::Duration::from_secs(30), server.status(&asked));
        assert_eq!(answered.await.expect("an answer"), StatusCode::OK);
    }
    drop(silent);
}

#[tokio::test]
async fn a_page_may_do_nothing_but_what_it_was_built_for() {
    let server = serve();
    let answer = reqwest::get(&server.address).await.expect("an answer");
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .expect("a policy")
        .to_owned();
    for part in [
        "default-src 'none'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"),
        "{policy}"
    );
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_way_out() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let output = call(&folder, &port).output().expect("obsbook");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains(&format!("port {port}")) && said.contains("--port"),
        "{said}"
    );
}
