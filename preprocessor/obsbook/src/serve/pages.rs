//! The built book as files: each page with the policy that its own scripts need.

use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};

use super::policy::policy;

/// What mdBook shows in a frame where scripts are off.
const FRAMED: &str = "toc.html";

/// Returns the answer to a request for `path` below the built book at `root`.
pub(super) async fn page(root: &Path, path: &str) -> Response<Body> {
    let Some(relative) = inside(path) else {
        return missing(root).await;
    };
    let mut file = root.join(&relative);
    if tokio::fs::metadata(&file)
        .await
        .is_ok_and(|found| found.is_dir())
    {
        if !path.ends_with('/') && !path.is_empty() {
            return moved(&format!("/{path}/"));
        }
        file.push("index.html");
    }
    match tokio::fs::read(&file).await {
        Ok(content) => found(&file, content, StatusCode::OK),
        Err(_) => missing(root).await,
    }
}

async fn missing(root: &Path) -> Response<Body> {
    let file = root.join("404.html");
    match tokio::fs::read(&file).await {
        Ok(content) => found(&file, content, StatusCode::NOT_FOUND),
        Err(_) => found(
            Path::new("404.txt"),
            b"there is no such page".to_vec(),
            StatusCode::NOT_FOUND,
        ),
    }
}

fn found(file: &Path, content: Vec<u8>, status: StatusCode) -> Response<Body> {
    let kind = mime_guess::from_path(file).first_or_octet_stream();
    let mut headers = vec![
        (header::CONTENT_TYPE, with_charset(kind.essence_str())),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        // A book under work changes.
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    if kind.essence_str() == "text/html" {
        let framed = file.file_name().is_some_and(|name| name == FRAMED);
        let html = String::from_utf8_lossy(&content);
        headers.push((header::CONTENT_SECURITY_POLICY, policy(&html, framed)));
    }
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn with_charset(kind: &str) -> String {
    if kind.starts_with("text/") {
        format!("{kind}; charset=utf-8")
    } else {
        kind.to_owned()
    }
}

fn moved(to: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

/// The path, if it stays inside the folder that it is joined to.
fn inside(path: &str) -> Option<PathBuf> {
    let path = Path::new(path);
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    (path.components().all(is_plain) && !path.to_string_lossy().contains(['\\', '\0']))
        .then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_book() {
        let check =
            |path: &str, expected: bool| assert_eq!(inside(path).is_some(), expected, "{path}");
        check("", true);
        check("chapter/page.html", true);
        check("../book.toml", false);
        check("a/../../book.toml", false);
        check("/etc/passwd", false);
        check("a\\..\\b", false);
        check("a\0b", false);
    }
}
